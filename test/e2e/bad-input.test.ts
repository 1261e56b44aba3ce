/**
 * What must never come in: each gets a problem that names what is wrong, none an internal error,
 * and the gateway serves on.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { startGateway, type GatewayProcess } from "../support/gateway.ts";
import { ask, exchange, post, statuses } from "./http.ts";
import { openSse } from "./sse.ts";
import { pause, until, within } from "./until.ts";
import { openWs } from "./ws.ts";

let gateway: GatewayProcess;
let url = "";
/** An emitter that nobody writes to but these tests, with ten events. */
let id = "";
const topic = "bad-input";
const position = { first: "", ofRemovedLife: "", trimmed: "" };

const bodyMax = 8 * 1024 * 1024;
const mega = 1024 * 1024;

beforeAll(async () => {
  gateway = await startGateway({ env: { SLUICE_HEARTBEAT_MS: "1000" } });
  url = gateway.url;
  id = (await ask("PUT", `${url}/log`, { body: `{"source":"external"}` })).json.id;
  position.first = (await post(`${url}/log/${id}`, { n: 0 })).json.position;
  await post(`${url}/log/${id}`, [1, 2, 3]);
  await post(`${url}/v1/topics/${topic}/records`, [1]);
  position.ofRemovedLife = (
    await ask("GET", `${url}/v1/topics/${topic}/records`)
  ).json.events[0].position;
  await ask("DELETE", `${url}/v1/topics/${topic}`);
  await pause(5);
  await post(`${url}/v1/topics/${topic}/records`, [1, 2, 3]);
}, 60_000);

afterEach(async () => {
  const after = await post(`${url}/log/${id}`, { alive: true });
  expect(after.status).toBe(200);
});

afterAll(async () => {
  expect(await gateway.stop()).toBe(0);
  const lines = gateway
    .log()
    .split("\n")
    .filter((line) => line !== "");
  expect(lines.filter((line) => JSON.parse(line).level === "error")).toEqual([]);
});

interface Wanted {
  readonly status: number;
  readonly code: string;
  /** What the detail has to name. */
  readonly detail?: string | RegExp;
  /** The first error's field. */
  readonly field?: string;
}

type Body = string | Uint8Array<ArrayBuffer>;

interface Case extends Wanted {
  readonly name: string;
  readonly method?: string;
  readonly path: () => string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A stream can be sent once only, so it is made for each. */
  readonly body?: Body | (() => ReadableStream<Uint8Array>);
}

function table(about: string, cases: readonly Case[]): void {
  describe(about, () => {
    for (const { name, method = "GET", path, headers = {}, body, ...wanted } of cases) {
      test(name, async () => {
        const answer = await ask(method, `${url}${path()}`, {
          headers,
          ...(body === undefined ? {} : { body: typeof body === "function" ? body() : body }),
        });
        expectProblem(answer.status, answer.headers.get("content-type"), answer.json, wanted);
      });
    }
  });
}

function expectProblem(
  status: number,
  contentType: string | null,
  problem: ReturnType<typeof JSON.parse>,
  wanted: Wanted,
): void {
  expect({ status, code: problem?.code, contentType }).toEqual({
    status: wanted.status,
    code: wanted.code,
    contentType: "application/problem+json",
  });
  expect(problem.status).toBe(status);
  expect(problem.type).toBe(`urn:sluice:problem:${wanted.code}`);
  expect([typeof problem.title, typeof problem.detail]).toEqual(["string", "string"]);
  expect(problem.detail.length).toBeLessThan(1000);
  if (wanted.detail !== undefined) expect(problem.detail).toMatch(wanted.detail);
  if (wanted.field !== undefined) expect(problem.errors[0].field).toBe(wanted.field);
}

const toEmitter = () => `/log/${id}`;
const toTopic = () => `/v1/topics/${topic}/records`;
const json = { "content-type": "application/json" };
const lines = { "content-type": "application/x-ndjson" };

/** A body of unknown length. */
function chunked(bytes: number): ReadableStream<Uint8Array> {
  let left = bytes;
  return new ReadableStream({
    pull(controller) {
      if (left <= 0) return controller.close();
      controller.enqueue(new Uint8Array(Math.min(left, 65_536)).fill(0x20));
      left -= 65_536;
    },
  });
}

const bodies: readonly (Wanted & {
  readonly name: string;
  readonly headers?: Record<string, string>;
  readonly body: NonNullable<Case["body"]>;
})[] = [
  { name: "no body", body: "", status: 400, code: "invalid" },
  { name: "white space", body: " \r\n\t", status: 400, code: "invalid" },
  {
    name: "half an object",
    body: `{"a":`,
    status: 400,
    code: "invalid",
    detail: /JSON/,
    field: "body",
  },
  {
    name: "a truncated array",
    body: `[{"a":1},{"a":2}`,
    status: 400,
    code: "invalid",
    detail: /JSON/,
    field: "body",
  },
  { name: "an empty array", body: "[]", status: 400, code: "invalid", detail: /no events/ },
  { name: "a trailing comma", body: `[1,2,]`, status: 400, code: "invalid", detail: /JSON/ },
  { name: "two values on one line", body: `{} {}`, status: 400, code: "invalid", detail: /JSON/ },
  { name: "single quotes", body: `{'a':1}`, status: 400, code: "invalid", detail: /JSON/ },
  { name: "NaN", body: `{"a":NaN}`, status: 400, code: "invalid", detail: /JSON/ },
  {
    name: "a line break inside a string",
    body: `{"a":"x\ny"}`,
    status: 400,
    code: "invalid",
    detail: /JSON/,
  },
  {
    name: "100,000 levels of arrays",
    body: "[".repeat(100_000),
    status: 400,
    code: "invalid",
    detail: /JSON/,
  },
  {
    name: "100,000 levels of objects",
    body: `{"a":`.repeat(100_000),
    status: 400,
    code: "invalid",
    detail: /JSON/,
  },
  {
    name: "invalid UTF-8",
    body: Uint8Array.of(0x22, 0xff, 0xfe, 0x22),
    status: 400,
    code: "invalid",
    detail: /JSON/,
  },
  {
    name: "UTF-8 cut inside a character",
    body: Uint8Array.of(0x22, 0xe6, 0xbc, 0x22),
    status: 400,
    code: "invalid",
    detail: /JSON/,
  },
  {
    name: "a surrogate as UTF-8",
    body: Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22),
    status: 400,
    code: "invalid",
    detail: /JSON/,
  },
  {
    name: "UTF-16",
    body: Uint8Array.from(Buffer.from(`\ufeff{"a":1}`, "utf16le")),
    status: 400,
    code: "invalid",
    detail: /JSON/,
  },
  {
    name: "NDJSON of bad lines alone",
    headers: lines,
    body: "{\n}\nx",
    status: 400,
    code: "invalid",
    detail: /All 3/,
    field: "body",
  },
  {
    name: "10 MB, declared",
    body: " ".repeat(10 * mega),
    status: 413,
    code: "too_large",
    detail: new RegExp(`${bodyMax}`),
  },
  { name: "64 MB, declared", body: " ".repeat(64 * mega), status: 413, code: "too_large" },
  {
    name: "10 MB, chunked",
    body: () => chunked(10 * mega),
    status: 413,
    code: "too_large",
    detail: new RegExp(`${bodyMax}`),
  },
  {
    name: "a gzip bomb of 1 GB",
    headers: { "content-encoding": "gzip" },
    body: bomb(),
    status: 413,
    code: "too_large",
    detail: new RegExp(`${bodyMax}`),
  },
  {
    name: "gzip that is none",
    headers: { "content-encoding": "gzip" },
    body: `{"a":1}`,
    status: 400,
    code: "invalid",
    detail: /gzip/,
  },
  {
    name: "half a gzip",
    headers: { "content-encoding": "gzip" },
    body: gzipSync(`{"a":"${crypto.randomUUID()}"}`).subarray(0, 30),
    status: 400,
    code: "invalid",
    detail: /gzip/,
  },
  {
    name: "gzip of bad JSON",
    headers: { "content-encoding": "gzip" },
    body: gzipSync("{"),
    status: 400,
    code: "invalid",
    detail: /JSON/,
  },
  {
    name: "an unknown encoding",
    headers: { "content-encoding": "br" },
    body: "1",
    status: 415,
    code: "unsupported_media_type",
    detail: /"br"/,
  },
  {
    name: "two encodings",
    headers: { "content-encoding": "gzip, gzip" },
    body: "1",
    status: 415,
    code: "unsupported_media_type",
  },
  {
    name: "a record of 2 MB",
    body: JSON.stringify("x".repeat(2 * mega)),
    status: 413,
    code: "too_large",
    detail: /record/,
    field: "value",
  },
  {
    name: "20,000 records",
    body: `[${"1,".repeat(19_999)}1]`,
    status: 413,
    code: "too_large",
    detail: /20000/,
  },
  {
    name: "a key that repeats itself",
    headers: { "idempotency-key": "" },
    body: "1",
    status: 400,
    code: "invalid",
    field: "idempotency-key",
  },
  {
    name: "an idempotency key of 300 characters",
    headers: { "idempotency-key": "k".repeat(300) },
    body: "1",
    status: 400,
    code: "invalid",
    field: "idempotency-key",
  },
  {
    name: "an idempotency key with a space",
    headers: { "idempotency-key": "a b" },
    body: "1",
    status: 400,
    code: "invalid",
    field: "idempotency-key",
  },
];

function bomb(): Uint8Array<ArrayBuffer> {
  const part = gzipSync(new Uint8Array(64 * mega).fill(0x20));
  return Uint8Array.from(Buffer.concat(Array.from({ length: 16 }, () => part)));
}

for (const [name, path] of [
  ["POST /log/{id}", toEmitter],
  ["POST /v1/topics/{topic}/records", toTopic],
] as const) {
  table(
    name,
    bodies.map(({ headers, ...rest }) => ({
      ...rest,
      method: "POST",
      path,
      headers: { ...json, ...headers },
    })),
  );
}

table("bodies of the wrong kind", [
  {
    name: "an image as events",
    method: "POST",
    path: toEmitter,
    headers: { "content-type": "image/png" },
    body: "1",
    status: 415,
    code: "unsupported_media_type",
    detail: /image\/png/,
  },
  {
    name: "XML as events",
    method: "POST",
    path: toEmitter,
    headers: { "content-type": "text/xml; charset=utf-8" },
    body: "<a/>",
    status: 415,
    code: "unsupported_media_type",
    detail: /text\/xml/,
  },
  {
    name: "multipart as events",
    method: "POST",
    path: toEmitter,
    headers: { "content-type": "multipart/form-data; boundary=x" },
    body: "--x--",
    status: 415,
    code: "unsupported_media_type",
  },
  {
    name: "Sluice's own type",
    method: "POST",
    path: toTopic,
    headers: { "content-type": "application/vnd.sluice.end+json" },
    body: "{",
    status: 400,
    code: "invalid",
  },
  {
    name: "an append to nothing",
    method: "POST",
    path: () => "/log/never-made",
    headers: json,
    body: "1",
    status: 404,
    code: "not_found",
    detail: /never-made/,
  },
]);

table("PUT", [
  {
    name: "a body that is no JSON",
    method: "PUT",
    path: () => "/log",
    headers: json,
    body: "{",
    status: 400,
    code: "invalid",
    detail: /JSON/,
  },
  {
    name: "an array",
    method: "PUT",
    path: () => "/log",
    headers: json,
    body: "[]",
    status: 400,
    code: "invalid",
  },
  {
    name: "an unknown field",
    method: "PUT",
    path: () => "/log",
    headers: json,
    body: `{"colour":"red"}`,
    status: 400,
    code: "invalid",
    detail: /colour/,
  },
  {
    name: "an unknown source",
    method: "PUT",
    path: () => "/log",
    headers: json,
    body: `{"source":"moon"}`,
    status: 400,
    code: "invalid",
    field: "/source",
  },
  {
    name: "a rate of text",
    method: "PUT",
    path: () => "/log",
    headers: json,
    body: `{"rate":"fast"}`,
    status: 400,
    code: "invalid",
    field: "/rate",
  },
  {
    name: "a rate of 0",
    method: "PUT",
    path: () => "/log",
    headers: json,
    body: `{"rate":0}`,
    status: 400,
    code: "invalid",
    field: "/rate",
  },
  {
    name: "a rate of 1e9",
    method: "PUT",
    path: () => "/log",
    headers: json,
    body: `{"rate":1e9}`,
    status: 400,
    code: "invalid",
    field: "/rate",
  },
  {
    name: "a rate of 1e999",
    method: "PUT",
    path: () => "/log",
    headers: json,
    body: `{"rate":1e999}`,
    status: 400,
    code: "invalid",
    field: "/rate",
  },
  {
    name: "__proto__",
    method: "PUT",
    path: () => "/log",
    headers: json,
    body: `{"__proto__":{"rate":5}}`,
    status: 400,
    code: "invalid",
  },
  {
    name: "an external emitter with a rate",
    method: "PUT",
    path: () => "/log",
    headers: json,
    body: `{"source":"external","rate":5}`,
    status: 400,
    code: "invalid",
    field: "rate",
  },
  {
    name: "an emitter with another configuration",
    method: "PUT",
    path: toEmitter,
    headers: json,
    body: `{"rate":5}`,
    status: 409,
    code: "conflict",
    field: "source",
  },
  {
    name: "a topic with another configuration",
    method: "PUT",
    path: () => `/v1/topics/${topic}`,
    headers: json,
    body: `{"layout":"frames"}`,
    status: 409,
    code: "conflict",
    detail: new RegExp(topic),
  },
  {
    name: "a topic with an unknown layout",
    method: "PUT",
    path: () => "/v1/topics/t",
    headers: json,
    body: `{"layout":"rows"}`,
    status: 400,
    code: "invalid",
    field: "/layout",
  },
  {
    name: "a topic with a negative retention",
    method: "PUT",
    path: () => "/v1/topics/t",
    headers: json,
    body: `{"retention_ms":-1}`,
    status: 400,
    code: "invalid",
    field: "/retention_ms",
  },
  {
    name: "a topic with half a byte",
    method: "PUT",
    path: () => "/v1/topics/t",
    headers: json,
    body: `{"retention_bytes":0.5}`,
    status: 400,
    code: "invalid",
    field: "/retention_bytes",
  },
  {
    name: "the emitters' own topic",
    method: "PUT",
    path: () => "/v1/topics/emitters",
    status: 403,
    code: "forbidden",
    detail: /emitters/,
  },
]);

const badIds = [
  ["CR LF", "a%0d%0aset-cookie:b"],
  ["NUL", "a%00b"],
  ["a space", "a%20b"],
  ["a slash", "a%2fb"],
  ["letters of another alphabet", encodeURIComponent("журнал")],
  ["an emoji", encodeURIComponent("🙂")],
  ["a character that only looks like a dot", encodeURIComponent("a․b")],
  ["broken percent-encoding", "a%zz"],
  ["broken UTF-8", "a%ff%fe"],
  ["201 characters", "a".repeat(201)],
  ["SQL", "a'%3b--"],
] as const;
for (const [kind, bad] of badIds) {
  const path =
    (prefix: string, suffix = "") =>
    () =>
      `${prefix}${bad}${suffix}`;
  table(`an id with ${kind}`, [
    {
      name: "PUT /log/…",
      method: "PUT",
      path: path("/log/"),
      status: 400,
      code: "invalid",
      field: "id",
    },
    {
      name: "POST /log/…",
      method: "POST",
      path: path("/log/"),
      headers: json,
      body: "1",
      status: 400,
      code: "invalid",
      field: "id",
    },
    { name: "GET /log/…", path: path("/log/"), status: 400, code: "invalid", field: "id" },
    { name: "GET /sse/log/…", path: path("/sse/log/"), status: 400, code: "invalid", field: "id" },
    {
      name: "DELETE /log/…",
      method: "DELETE",
      path: path("/log/"),
      status: 400,
      code: "invalid",
      field: "id",
    },
    {
      name: "PUT /v1/topics/…",
      method: "PUT",
      path: path("/v1/topics/"),
      status: 400,
      code: "invalid",
      field: "topic",
    },
    {
      name: "POST /v1/topics/…/records",
      method: "POST",
      path: path("/v1/topics/", "/records"),
      headers: json,
      body: "1",
      status: 400,
      code: "invalid",
      field: "topic",
    },
    {
      name: "GET /v1/topics/…/sse",
      path: path("/v1/topics/", "/sse"),
      status: 400,
      code: "invalid",
      field: "topic",
    },
  ]);
}

const future = () => position.first.replace(/-.*$/, "-4zzzz");
const streams = [
  ["/log/{id}", toEmitter, "after"],
  ["/sse/log/{id}", () => `/sse/log/${id}`, "after"],
  ["/v1/topics/{topic}/records", toTopic, "after"],
  ["/v1/topics/{topic}/sse", () => `/v1/topics/${topic}/sse`, "after"],
] as const;
for (const [name, at] of streams) {
  table(`positions on ${name}`, [
    ...[
      "",
      "7x",
      "x",
      "-",
      "1-1",
      "0-0",
      "8zzz-11",
      "../..",
      "%00",
      "%0d%0a",
      "9007199254740993-1",
      "a".repeat(5000),
      "NaN-1z",
    ].map((token) => ({
      name: `after=${token.slice(0, 30)}`,
      path: () => `${at()}?after=${token}`,
      status: 400,
      code: "invalid_position",
      detail: /position/,
    })),
  ]);
}
table("positions that no event has any more, or yet", [
  {
    name: "of the topic's former life",
    path: () => `${toTopic()}?after=${position.ofRemovedLife}`,
    status: 410,
    code: "position_gone",
  },
  {
    name: "before one of the former life",
    path: () => `${toTopic()}?before=${position.ofRemovedLife}`,
    status: 410,
    code: "position_gone",
  },
  {
    name: "past the end of a topic",
    path: () => `${toTopic()}?after=${future()}`,
    status: 410,
    code: "position_gone",
  },
  {
    name: "past the end of an emitter",
    path: () => `${toEmitter()}?after=${future()}`,
    status: 410,
    code: "position_gone",
  },
  {
    name: "of an epoch to come",
    path: () => `${toEmitter()}?after=9zzzzzzzzz-11`,
    status: 410,
    code: "position_gone",
  },
  {
    name: "Last-Event-ID that is none",
    path: () => `/sse/log/${id}`,
    headers: { "last-event-id": "yesterday" },
    status: 400,
    code: "invalid_position",
    detail: /yesterday/,
  },
]);

describe("a stream from a position that is gone", () => {
  for (const [name, at, from] of [
    ["of the topic's former life", () => `/v1/topics/${topic}/sse`, () => position.ofRemovedLife],
    ["past the end", () => `/v1/topics/${topic}/sse`, future],
    ["past the end of an emitter", () => `/sse/log/${id}`, future],
  ] as const) {
    test(`${name}: says so, and goes on where it can`, async () => {
      const stream = await openSse(`${url}${at()}?after=${from()}`);
      if (stream.status === 410) return stream.close();
      expect(stream.status).toBe(200);
      const [reset] = await stream.take(1);
      stream.close();
      expect(reset?.event).toBe("reset");
      expect(JSON.parse(reset?.data ?? "")).toMatchObject({ position: reset?.id });
    });
  }

  test("a trimmed one: the page is a 410 that names where to start, the stream a reset", async () => {
    const small = `small-${id}`;
    await ask("PUT", `${url}/v1/topics/${small}`, { body: `{"retention_bytes":100000}` });
    const { json: first } = await post(`${url}/v1/topics/${small}/records`, { n: 0 });
    const big = Array.from({ length: 50 }, (_, n) => ({ n, pad: "x".repeat(10_000) }));
    const gone = await until("the oldest to be dropped", 60_000, async () => {
      await post(`${url}/v1/topics/${small}/records`, big);
      await pause(1000);
      const answer = await ask("GET", `${url}/v1/topics/${small}/records?after=${first.position}`);
      return answer.status === 200 ? undefined : answer;
    });
    expectProblem(gone.status, gone.headers.get("content-type"), gone.json, {
      status: 410,
      code: "position_gone",
    });
    expect(gone.json.position).toBeString();
    const rest = await ask(
      "GET",
      `${url}/v1/topics/${small}/records?limit=1&after=${gone.json.position}`,
    );
    expect(rest.status).toBe(200);
    const stream = await openSse(`${url}/v1/topics/${small}/sse?after=${first.position}`);
    if (stream.status === 200) expect((await stream.take(1))[0]?.event).toBe("reset");
    else expect(stream.status).toBe(410);
    stream.close();
  }, 90_000);
});

table("queries", [
  ...["0", "-1", "1001", "1e3", "ten", "", "99999999999999999999", "1.5", "%00"].map((limit) => ({
    name: `limit=${limit}`,
    path: () => `${toEmitter()}?limit=${limit}`,
    status: 400,
    code: "invalid",
    field: "limit",
  })),
  ...["-1", "1001", "x", "", "1e9"].map((tail) => ({
    name: `tail=${tail}`,
    path: () => `/sse/log/${id}?tail=${tail}`,
    status: 400,
    code: "invalid",
    field: "tail",
  })),
  {
    name: "limit of the topics' pages",
    path: () => `${toTopic()}?limit=x`,
    status: 400,
    code: "invalid",
    field: "limit",
  },
  {
    name: "after and before at once",
    path: () => `${toEmitter()}?after=earliest&before=${position.first}`,
    status: 400,
    code: "invalid",
    field: "before",
  },
  {
    name: "limit of the list",
    path: () => "/log?limit=0",
    status: 400,
    code: "invalid",
    field: "limit",
  },
]);

table("what is not there", [
  {
    name: "an emitter's page",
    path: () => "/log/never-made",
    status: 404,
    code: "not_found",
    detail: /never-made/,
  },
  {
    name: "an emitter's stream",
    path: () => "/sse/log/never-made",
    status: 404,
    code: "not_found",
    detail: /never-made/,
  },
  {
    name: "an emitter's end",
    method: "DELETE",
    path: () => "/log/never-made",
    status: 404,
    code: "not_found",
    detail: /never-made/,
  },
  {
    name: "an emitter",
    path: () => "/v1/emitters/never-made",
    status: 404,
    code: "not_found",
    detail: /never-made/,
  },
  {
    name: "a topic",
    path: () => "/v1/topics/never-made",
    status: 404,
    code: "not_found",
    detail: /never-made/,
  },
  {
    name: "a topic's page",
    path: () => "/v1/topics/never-made/records",
    status: 404,
    code: "not_found",
    detail: /never-made/,
  },
  {
    name: "a topic's stream",
    path: () => "/v1/topics/never-made/sse",
    status: 404,
    code: "not_found",
    detail: /never-made/,
  },
  {
    name: "a topic's end",
    method: "DELETE",
    path: () => "/v1/topics/never-made",
    status: 404,
    code: "not_found",
    detail: /never-made/,
  },
  { name: "an address", path: () => "/nowhere", status: 404, code: "not_found", detail: /nowhere/ },
  { name: "a file", path: () => "/..%2f..%2fetc%2fpasswd", status: 404, code: "not_found" },
  {
    name: "an address of CR LF",
    path: () => "/%0d%0aset-cookie:%20a=b",
    status: 404,
    code: "not_found",
  },
]);

describe("methods", () => {
  for (const [method, path, allowed] of [
    ["POST", "/log", ["GET", "PUT"]],
    ["DELETE", "/log", ["GET", "PUT"]],
    ["PATCH", "/log/x", ["GET", "PUT", "POST", "DELETE"]],
    ["POST", "/magic", ["GET"]],
    ["PUT", "/sse/log/x", ["GET"]],
    ["DELETE", "/v1/topics/t/records", ["GET", "POST"]],
    ["POST", "/status", ["GET"]],
  ] as const) {
    test(`${method} ${path}`, async () => {
      const { text } = await exchange(url, [
        `${method} ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`,
      ]);
      const [head = "", body = ""] = text.split("\r\n\r\n");
      expect(statuses(text)).toEqual([405]);
      expect(JSON.parse(body)).toMatchObject({
        code: "method_not_allowed",
        detail: expect.stringContaining(allowed[0]),
      });
      const allow = /^allow: (.*)$/im.exec(head)?.[1]?.split(", ") ?? [];
      expect(allow).toEqual(expect.arrayContaining([...allowed]));
    });
  }

  test("TRACE, CONNECT and what is no method are refused, or cut off", async () => {
    for (const method of ["TRACE", "CONNECT", "BREW", "get"]) {
      const { text } = await exchange(url, [
        `${method} / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`,
      ]);
      expect(statuses(text).filter((status) => status < 400 || status >= 500)).toEqual([]);
    }
  });

  test("HEAD answers as GET, without a body", async () => {
    const { text } = await exchange(url, [
      "HEAD /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    ]);
    expect(statuses(text)).toEqual([200]);
    expect(text.split("\r\n\r\n")[1]).toBe("");
  });

  test("HEAD of a stream ends", async () => {
    for (const path of ["/magic", `/sse/log/${id}`]) {
      const { text } = await exchange(url, [`HEAD ${path} HTTP/1.1\r\nhost: x\r\n\r\n`], {
        quietMs: 300,
      });
      expect([path, statuses(text)]).toEqual([path, [200]]);
      expect(text.split("\r\n\r\n")[1]).toBe("");
    }
    await until(
      "nobody to be subscribed",
      3000,
      async () => (await ask("GET", `${url}/status`)).json.hub.subscriptions === 0,
    );
  });
});

describe("heads", () => {
  const send = async (request: string) => {
    const { text, closed } = await exchange(url, [request]);
    return { statuses: statuses(text), text, closed, problem: problemIn(text) };
  };

  test("a header of 40 KB: told with a problem", async () => {
    const { status, headers, json } = await ask("GET", `${url}/livez`, {
      headers: { "x-large": "x".repeat(40_000) },
    });
    expectProblem(status, headers.get("content-type"), json, {
      status: 431,
      code: "headers_too_large",
      detail: /32768/,
    });
  });

  test("a header of 1 MB", async () => {
    const { status, headers, json } = await ask("GET", `${url}/livez`, {
      headers: { "x-large": "x".repeat(mega) },
    });
    expectProblem(status, headers.get("content-type"), json, {
      status: 431,
      code: "headers_too_large",
      detail: /32768/,
    });
  });

  test("an address of 1 MB", async () => {
    const { status, headers, json } = await ask("GET", `${url}/log/${"x".repeat(mega)}`);
    expectProblem(status, headers.get("content-type"), json, {
      status: 431,
      code: "headers_too_large",
    });
  });

  test("a header of 4 MB is cut off", async () => {
    const { statuses, closed } = await send(
      `GET /livez HTTP/1.1\r\nhost: x\r\nx-large: ${"x".repeat(4 * mega)}\r\n\r\n`,
    );
    expect([statuses.every((status) => status === 431), closed]).toEqual([true, true]);
  });

  test("thousands of headers", async () => {
    const many = Array.from({ length: 5000 }, (_, i) => `x-${i}: y\r\n`).join("");
    const { statuses } = await send(
      `GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${many}\r\n`,
    );
    expect(statuses.length).toBe(1);
    expect(statuses[0]).toBeWithin(400, 432);
  });

  const malformed: readonly (readonly [name: string, request: string])[] = [
    ["no HTTP at all", "\u0016\u0003\u0001\u0002\u0000\u0001\r\n\r\n"],
    ["a request line of one word", "GET\r\n\r\n"],
    ["a header without a colon", "GET /livez HTTP/1.1\r\nhost: x\r\nbroken\r\n\r\n"],
    ["a space before the colon", "GET /livez HTTP/1.1\r\nhost : x\r\n\r\n"],
    ["NUL in a header", "GET /livez HTTP/1.1\r\nhost: x\r\nx: a\u0000b\r\n\r\n"],
    ["a negative length", "POST /log HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n"],
    ["a length that is no number", "POST /log HTTP/1.1\r\nhost: x\r\ncontent-length: 1x\r\n\r\n"],
    [
      "a chunk size that is no number",
      "POST /log HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n1\r\n0\r\n\r\n",
    ],
  ];
  for (const [name, request] of malformed) {
    test(`${name}: 4xx or closed, and nothing else`, async () => {
      const { statuses, closed } = await send(request);
      expect(statuses.filter((status) => status < 400 || status >= 500)).toEqual([]);
      expect(statuses.length === 1 || closed).toBe(true);
    });
  }

  // After each of them stands a request that must never be seen as one of its own.
  const hidden = "GET /hidden HTTP/1.1\r\nhost: x\r\n\r\n";
  const smuggled: readonly (readonly [name: string, head: string])[] = [
    ["a length and chunks", `content-length: ${hidden.length + 5}\r\ntransfer-encoding: chunked`],
    ["chunks and a length", `transfer-encoding: chunked\r\ncontent-length: 5`],
    ["two lengths", `content-length: 5\r\ncontent-length: ${hidden.length + 5}`],
    ["a list of lengths", `content-length: 5, ${hidden.length + 5}`],
    ["chunks that are not the last coding", `transfer-encoding: chunked, identity`],
    ["chunks spelled otherwise", `transfer-encoding: xchunked\r\ncontent-length: 5`],
    ["chunks behind a space", `transfer-encoding : chunked\r\ncontent-length: 5`],
    ["chunks behind a line fold", `content-length: 5\r\nx: y\r\n transfer-encoding: chunked`],
  ];
  for (const [name, head] of smuggled) {
    test(`smuggling by ${name}: refused, and what follows is never answered`, async () => {
      const { statuses, text } = await send(
        `POST /log/${id} HTTP/1.1\r\nhost: x\r\n${head}\r\n\r\n0\r\n\r\n${hidden}`,
      );
      expect(statuses.length).toBeLessThanOrEqual(1);
      expect(statuses.filter((status) => status < 400 || status >= 500)).toEqual([]);
      expect(text).not.toContain("hidden");
    });
  }

  test("a header that never ends holds nobody else up", async () => {
    const drip = Array.from({ length: 20 }, (_, i) => `x-${i}: y\r\n`);
    const slow = Array.from({ length: 20 }, () =>
      exchange(url, ["GET /livez HTTP/1.1\r\nhost: x\r\n", ...drip], { gapMs: 100, quietMs: 100 }),
    );
    for (let i = 0; i < 20; i++) {
      const started = performance.now();
      expect((await ask("GET", `${url}/livez`)).status).toBe(200);
      expect(performance.now() - started).toBeLessThan(1000);
      await pause(50);
    }
    for (const { text } of await Promise.all(slow)) expect(text).toBe("");
  });

  test("a body that never ends holds nobody else up", async () => {
    const head = `POST /log/${id} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n[1`;
    const slow = Array.from({ length: 20 }, () => exchange(url, [head], { quietMs: 800 }));
    expect((await post(`${url}/log/${id}`, { n: 1 })).status).toBe(200);
    for (const { text } of await Promise.all(slow)) expect(text).toBe("");
  });

  test("HTTP/9.9 is a version that is not supported", async () => {
    expect((await send("GET /livez HTTP/9.9\r\nhost: x\r\n\r\n")).statuses).toEqual([505]);
  });

  test("100 requests in one write are answered in order, or cut off", async () => {
    const requests = Array.from(
      { length: 100 },
      (_, i) => `GET /log/${i % 2 === 0 ? id : "never-made"}?limit=1 HTTP/1.1\r\nhost: x\r\n\r\n`,
    );
    const answers = (await send(requests.join(""))).statuses;
    expect(answers).toEqual(answers.map((_, i) => (i % 2 === 0 ? 200 : 404)));
  });
});

function problemIn(text: string): unknown {
  try {
    return JSON.parse(text.slice(text.indexOf("\r\n\r\n") + 4));
  } catch {
    return undefined;
  }
}

describe("WebSockets", () => {
  table(
    "an address that wants one",
    ["/v1/ws", "/echo"].map((path) => ({
      name: `GET ${path}`,
      path: () => path,
      status: 400,
      code: "invalid",
      detail: /WebSocket/,
    })),
  );

  for (const path of ["/livez", "/magic", "/log", "/nowhere"]) {
    test(`a handshake at ${path} is not taken up`, async () => {
      const socket = new WebSocket(`${gateway.wsUrl}${path}`);
      const opened = await within(
        "the end of a handshake",
        5000,
        new Promise((resolve) => {
          socket.addEventListener("open", () => resolve(true));
          socket.addEventListener("close", () => resolve(false));
          socket.addEventListener("error", () => resolve(false));
        }),
      );
      expect(opened).toBe(false);
    });
  }

  test("a handshake without its key is refused", async () => {
    const { text } = await exchange(url, [
      "GET /v1/ws HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\r\n",
    ]);
    expect(statuses(text)).toEqual([400]);
  });

  test("a message of 5 MB closes its own socket alone", async () => {
    const [bad, good] = await Promise.all([
      openWs(`${gateway.wsUrl}/v1/ws`),
      openWs(`${gateway.wsUrl}/v1/ws`),
    ]);
    bad.say("x".repeat(5 * mega));
    const { code } = await within("the socket to be closed", 5000, bad.closed);
    expect([1006, 1009]).toContain(code);
    good.say({ op: "ping" });
    expect(await good.next()).toEqual({ op: "pong" });
    good.cut();
  });

  test("messages that are hard to read", async () => {
    const ws = await openWs(`${gateway.wsUrl}/v1/ws`);
    for (const message of [
      "",
      "null",
      "1",
      `"ping"`,
      `{"op":"ping"`,
      `{"op":{"op":"ping"}}`,
      "[".repeat(100_000),
      `{"op":"subscribe","emitter":"${id}","after":"${"9".repeat(100_000)}"}`,
      `{"op":"subscribe","topic":"${"x".repeat(100_000)}"}`,
      `{"op":"subscribe","topic":"a\\r\\nb"}`,
      `{"op":"publish","topic":"${topic}","key":"${"k".repeat(2000)}","events":[1]}`,
      `{"op":"publish","topic":"${topic}","dedup_id":"${"k".repeat(2000)}","events":[1]}`,
      `{"op":"ping","ref":"${"r".repeat(2000)}"}`,
      `{"op":"ping","__proto__":{"ref":1}}`,
    ]) {
      ws.say(message);
      const told = await ws.next();
      const problem = told.problem ?? told.refused?.[0];
      expect([message.slice(0, 60), problem === undefined ? told : problem.code]).toEqual([
        message.slice(0, 60),
        expect.stringMatching(/^(invalid|invalid_position|too_large)$/),
      ]);
      expect(JSON.stringify(told).length).toBeLessThan(3000);
    }
    ws.say({ op: "ping" });
    expect(await ws.next()).toEqual({ op: "pong" });
    ws.cut();
  });

  test("1,000 requests at once: those past the bound are told to come back", async () => {
    const ws = await openWs(`${gateway.wsUrl}/v1/ws`);
    for (let ref = 0; ref < 1000; ref++) ws.say({ op: "publish", emitter: id, events: [ref], ref });
    const codes: Record<string, number> = {};
    for (let i = 0; i < 1000; i++) {
      const { op, problem } = await ws.next(10_000);
      const outcome = op === "error" ? problem.code : op;
      codes[outcome] = (codes[outcome] ?? 0) + 1;
    }
    expect(
      Object.keys(codes).filter((code) => code !== "accepted" && code !== "overloaded"),
    ).toEqual([]);
    expect(codes["accepted"]).toBeGreaterThanOrEqual(256);
    ws.cut();
  });

  test("binary, unmasked and reserved frames", async () => {
    const handshake =
      "GET /v1/ws HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    for (const frame of [
      [0x81, 0x02, 0x7b, 0x7d],
      [0xf1, 0x80, 0, 0, 0, 0],
      [0x83, 0x80, 0, 0, 0, 0],
      [0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0],
      [0x89, 0xfe, 0x01, 0x00, 0, 0, 0, 0],
      [0x81, 0x82, 0, 0, 0, 0, 0xff, 0xfe],
    ]) {
      const { text, closed } = await exchange(url, [handshake, Uint8Array.from(frame)], {
        gapMs: 50,
        quietMs: 500,
      });
      expect(statuses(text)).toEqual([101]);
      // Either the socket is over, or its gateway waits for the rest of a frame.
      expect(closed || text.length < 1000).toBe(true);
    }
  });
});

describe("keys", () => {
  for (const [name, key] of [
    ["CR LF", "a\r\nid:evil\r\n\r\ndata:x"],
    ["NUL", "a\u0000b"],
    ["another alphabet", "журнал 🙂"],
    ["what NATS reads as wildcards", "a.*.>"],
    ["nothing but dots", ".."],
  ] as const) {
    test(`with ${name} are taken as they are, or refused, and never break a stream`, async () => {
      const at = `${url}/v1/topics/${topic}`;
      const query = `key=${encodeURIComponent(key)}`;
      const answer = await post(`${at}/records?${query}`, { about: name });
      if (answer.status !== 200) {
        expectProblem(answer.status, answer.headers.get("content-type"), answer.json, {
          status: 400,
          code: "invalid",
          field: "key",
        });
        return;
      }
      const page = await ask("GET", `${at}/records?${query}`);
      expect(page.json.events).toEqual([expect.objectContaining({ key, data: { about: name } })]);
      const stream = await openSse(`${at}/sse?after=earliest&${query}`);
      expect(await stream.take(1)).toEqual([
        { event: "message", id: answer.json.position, data: JSON.stringify({ about: name }) },
      ]);
      stream.close();
    });
  }

  test("of 600 bytes are refused", async () => {
    const answer = await post(`${url}/v1/topics/${topic}/records?key=${"k".repeat(600)}`, 1);
    expectProblem(answer.status, answer.headers.get("content-type"), answer.json, {
      status: 413,
      code: "too_large",
      field: "key",
    });
  });

  test("a content type of 10 KB cannot be stored", async () => {
    const headers = { "content-type": `x/${"y".repeat(10_000)}` };
    const answer = await ask("POST", `${url}/v1/topics/${topic}/records`, { body: "x", headers });
    expectProblem(answer.status, answer.headers.get("content-type"), answer.json, {
      status: 415,
      code: "unsupported_media_type",
      detail: /10002/,
    });
  });
});

describe("what is strange, and right", () => {
  for (const [name, value] of [
    ["100,000 levels", "[".repeat(100_000) + "]".repeat(100_000)],
    ["100,000 levels of objects", `{"a":`.repeat(100_000) + "1" + "}".repeat(100_000)],
    ["a name that comes twice", `{"a":1,"a":2}`],
    ["a lone surrogate, escaped", `"\\ud800"`],
    ["a number past every number", "1e400"],
    ["an empty name, and __proto__", `{"":1,"__proto__":{"a":1}}`],
    ["a text of what a stream is made of", JSON.stringify("\r\n\r\nid:x\ndata:y\u2028\u0000")],
  ] as const) {
    test(`${name}: back as it came, over every face`, async () => {
      const own = (await ask("PUT", `${url}/log`, { body: `{"source":"external"}` })).json.id;
      const stream = await openSse(`${url}/sse/log/${own}`);
      const ws = await openWs(`${gateway.wsUrl}/v1/ws`);
      ws.say({ op: "subscribe", emitter: own });
      await ws.nextText();
      const answer = await post(`${url}/log/${own}`, `[${value}]`);
      expect(answer.status).toBe(200);
      expect(await stream.take(1)).toEqual([
        { event: "message", id: answer.json.position, data: value },
      ]);
      expect(await ws.nextText()).toContain(`"data":${value}}`);
      expect((await ask("GET", `${url}/log/${own}?limit=1`)).text).toContain(`"data":${value}}`);
      ws.say(`{"op":"publish","emitter":"${own}","events":[${value}]}`);
      expect((await stream.take(1))[0]?.data).toBe(value);
      stream.close();
      ws.cut();
    });
  }
});
