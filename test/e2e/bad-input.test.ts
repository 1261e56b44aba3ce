/**
 * What must never come in: each gets a problem that names what is wrong, none an internal error,
 * and the gateway serves on.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { startGateway, type GatewayProcess } from "../support/gateway.ts";
import { ask, post } from "../support/http.ts";
import { type About, expectProblem, type Wanted } from "../support/problems.ts";
import { openSse } from "../support/sse-socket.ts";
import { pause, until } from "../support/until.ts";
import { openWs } from "../support/ws.ts";

let gateway: GatewayProcess;
let url = "";
/** An emitter that nobody writes to but these tests, with ten events. */
let id = "";
const topic = "bad-input";
const position = { first: "", ofRemovedLife: "" };

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
  expect(gateway.errors()).toEqual([]);
});

/** A stream can be sent once only, so it is made for each. */
type Body = string | Uint8Array<ArrayBuffer> | (() => ReadableStream<Uint8Array>);

interface More extends About {
  readonly headers?: Readonly<Record<string, string>>;
}

/** What is wrong with it, the request, what is expected. Bodies are JSON unless a header says otherwise. */
type Row = readonly [
  name: string,
  request: string | (() => string),
  wanted: Wanted,
  more?: More & { readonly body?: Body },
];

function table(name: string, rows: readonly Row[]): void {
  describe(name, () => {
    for (const [name, request, wanted, { body, headers = {}, ...about } = {}] of rows) {
      test(name, async () => {
        const [method = "", path = ""] = (typeof request === "string" ? request : request()).split(
          / (.*)/,
        );
        const options = {
          headers: body === undefined ? headers : { ...json, ...headers },
          body: typeof body === "function" ? body() : body,
        };
        expectProblem(await ask(method, `${url}${path}`, options), wanted, about);
      });
    }
  });
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

const bodies: readonly (readonly [name: string, body: Body, wanted: Wanted, more?: More])[] = [
  ["no body", "", "400 invalid"],
  ["white space", " \r\n\t", "400 invalid"],
  ["half an object", `{"a":`, "400 invalid", { detail: /JSON/, field: "body" }],
  ["a truncated array", `[{"a":1},{"a":2}`, "400 invalid", { detail: /JSON/, field: "body" }],
  ["an empty array", "[]", "400 invalid", { detail: /no events/ }],
  ["a trailing comma", `[1,2,]`, "400 invalid", { detail: /JSON/ }],
  ["two values on one line", `{} {}`, "400 invalid", { detail: /JSON/ }],
  ["single quotes", `{'a':1}`, "400 invalid", { detail: /JSON/ }],
  ["NaN", `{"a":NaN}`, "400 invalid", { detail: /JSON/ }],
  ["a line break inside a string", `{"a":"x\ny"}`, "400 invalid", { detail: /JSON/ }],
  ["100,000 levels of arrays", "[".repeat(100_000), "400 invalid", { detail: /JSON/ }],
  ["100,000 levels of objects", `{"a":`.repeat(100_000), "400 invalid", { detail: /JSON/ }],
  ["invalid UTF-8", Uint8Array.of(0x22, 0xff, 0xfe, 0x22), "400 invalid", { detail: /JSON/ }],
  [
    "UTF-8 cut inside a character",
    Uint8Array.of(0x22, 0xe6, 0xbc, 0x22),
    "400 invalid",
    { detail: /JSON/ },
  ],
  [
    "a surrogate as UTF-8",
    Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22),
    "400 invalid",
    { detail: /JSON/ },
  ],
  [
    "UTF-16",
    Uint8Array.from(Buffer.from(`\ufeff{"a":1}`, "utf16le")),
    "400 invalid",
    { detail: /JSON/ },
  ],
  [
    "NDJSON of bad lines alone",
    "{\n}\nx",
    "400 invalid",
    { headers: lines, detail: /All 3/, field: "body" },
  ],
  ["10 MB, declared", " ".repeat(10 * mega), "413 too_large", { detail: new RegExp(`${bodyMax}`) }],
  ["64 MB, declared", " ".repeat(64 * mega), "413 too_large"],
  [
    "10 MB, chunked",
    () => chunked(10 * mega),
    "413 too_large",
    { detail: new RegExp(`${bodyMax}`) },
  ],
  [
    "a gzip bomb of 1 GB",
    bomb(),
    "413 too_large",
    { headers: { "content-encoding": "gzip" }, detail: new RegExp(`${bodyMax}`) },
  ],
  [
    "gzip that is none",
    `{"a":1}`,
    "400 invalid",
    { headers: { "content-encoding": "gzip" }, detail: /gzip/ },
  ],
  [
    "half a gzip",
    gzipSync(`{"a":"${crypto.randomUUID()}"}`).subarray(0, 30),
    "400 invalid",
    { headers: { "content-encoding": "gzip" }, detail: /gzip/ },
  ],
  [
    "gzip of bad JSON",
    gzipSync("{"),
    "400 invalid",
    { headers: { "content-encoding": "gzip" }, detail: /JSON/ },
  ],
  [
    "an unknown encoding",
    "1",
    "415 unsupported_media_type",
    { headers: { "content-encoding": "br" }, detail: /"br"/ },
  ],
  [
    "two encodings",
    "1",
    "415 unsupported_media_type",
    { headers: { "content-encoding": "gzip, gzip" } },
  ],
  [
    "a record of 2 MB",
    JSON.stringify("x".repeat(2 * mega)),
    "413 too_large",
    { detail: /record/, field: "value" },
  ],
  ["20,000 records", `[${"1,".repeat(19_999)}1]`, "413 too_large", { detail: /20000/ }],
  [
    "an empty idempotency key",
    "1",
    "400 invalid",
    { headers: { "idempotency-key": "" }, field: "idempotency-key" },
  ],
  [
    "an idempotency key of 300 characters",
    "1",
    "400 invalid",
    { headers: { "idempotency-key": "k".repeat(300) }, field: "idempotency-key" },
  ],
  [
    "an idempotency key with a space",
    "1",
    "400 invalid",
    { headers: { "idempotency-key": "a b" }, field: "idempotency-key" },
  ],
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
    bodies.map(([name, body, wanted, more]) => [
      name,
      () => `POST ${path()}`,
      wanted,
      { ...more, body },
    ]),
  );
}

table("bodies of the wrong kind", [
  [
    "an image as events",
    () => `POST ${toEmitter()}`,
    "415 unsupported_media_type",
    { body: "1", headers: { "content-type": "image/png" }, detail: /image\/png/ },
  ],
  [
    "XML as events",
    () => `POST ${toEmitter()}`,
    "415 unsupported_media_type",
    { body: "<a/>", headers: { "content-type": "text/xml; charset=utf-8" }, detail: /text\/xml/ },
  ],
  [
    "multipart as events",
    () => `POST ${toEmitter()}`,
    "415 unsupported_media_type",
    { body: "--x--", headers: { "content-type": "multipart/form-data; boundary=x" } },
  ],
  [
    "Sluice's own type",
    () => `POST ${toTopic()}`,
    "400 invalid",
    { body: "{", headers: { "content-type": "application/vnd.sluice.end+json" } },
  ],
  [
    "an append to nothing",
    "POST /log/never-made",
    "404 not_found",
    { body: "1", detail: /never-made/ },
  ],
]);

table("PUT", [
  ["a body that is no JSON", "PUT /log", "400 invalid", { body: "{", detail: /JSON/ }],
  ["an array", "PUT /log", "400 invalid", { body: "[]" }],
  ["an unknown field", "PUT /log", "400 invalid", { body: `{"colour":"red"}`, detail: /colour/ }],
  ["an unknown source", "PUT /log", "400 invalid", { body: `{"source":"moon"}`, field: "/source" }],
  ["a rate of text", "PUT /log", "400 invalid", { body: `{"rate":"fast"}`, field: "/rate" }],
  ["a rate of 0", "PUT /log", "400 invalid", { body: `{"rate":0}`, field: "/rate" }],
  ["a rate of 1e9", "PUT /log", "400 invalid", { body: `{"rate":1e9}`, field: "/rate" }],
  ["a rate of 1e999", "PUT /log", "400 invalid", { body: `{"rate":1e999}`, field: "/rate" }],
  ["__proto__", "PUT /log", "400 invalid", { body: `{"__proto__":{"rate":5}}` }],
  [
    "an external emitter with a rate",
    "PUT /log",
    "400 invalid",
    { body: `{"source":"external","/rate":5}`, field: "rate" },
  ],
  [
    "an emitter with another configuration",
    () => `PUT ${toEmitter()}`,
    "409 conflict",
    { body: `{"rate":5}`, field: "/source" },
  ],
  [
    "a topic with another configuration",
    () => `PUT /v1/topics/${topic}`,
    "409 conflict",
    { body: `{"layout":"frames"}`, detail: new RegExp(topic) },
  ],
  [
    "a topic with an unknown layout",
    "PUT /v1/topics/t",
    "400 invalid",
    { body: `{"layout":"rows"}`, field: "/layout" },
  ],
  [
    "a topic with a negative retention",
    "PUT /v1/topics/t",
    "400 invalid",
    { body: `{"retention_ms":-1}`, field: "/retention_ms" },
  ],
  [
    "a topic with half a byte",
    "PUT /v1/topics/t",
    "400 invalid",
    { body: `{"retention_bytes":0.5}`, field: "/retention_bytes" },
  ],
  ["the emitters' own topic", "PUT /v1/topics/emitters", "403 forbidden", { detail: /emitters/ }],
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
const wrongId = { field: "id" };
const wrongTopic = { field: "topic" };
for (const [kind, bad] of badIds) {
  table(`an id with ${kind}`, [
    ["PUT /log/…", `PUT /log/${bad}`, "400 invalid", wrongId],
    ["POST /log/…", `POST /log/${bad}`, "400 invalid", { body: "1", ...wrongId }],
    ["GET /log/…", `GET /log/${bad}`, "400 invalid", wrongId],
    ["GET /sse/log/…", `GET /sse/log/${bad}`, "400 invalid", wrongId],
    ["DELETE /log/…", `DELETE /log/${bad}`, "400 invalid", wrongId],
    ["PUT /v1/topics/…", `PUT /v1/topics/${bad}`, "400 invalid", wrongTopic],
    [
      "POST …/records",
      `POST /v1/topics/${bad}/records`,
      "400 invalid",
      { body: "1", ...wrongTopic },
    ],
    ["GET …/sse", `GET /v1/topics/${bad}/sse`, "400 invalid", wrongTopic],
  ]);
}

const future = () => position.first.replace(/-.*$/, "-4zzzz");
const streams = [
  ["/log/{id}", toEmitter],
  ["/sse/log/{id}", () => `/sse/log/${id}`],
  ["/v1/topics/{topic}/records", toTopic],
  ["/v1/topics/{topic}/sse", () => `/v1/topics/${topic}/sse`],
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
    ].map((token): Row => [
      `after=${token.slice(0, 30)}`,
      () => `GET ${at()}?after=${token}`,
      "400 invalid_position",
      { detail: /position/ },
    ]),
  ]);
}
table("positions that no event has any more, or yet", [
  [
    "of the topic's former life",
    () => `GET ${toTopic()}?after=${position.ofRemovedLife}`,
    "410 position_gone",
  ],
  [
    "before one of the former life",
    () => `GET ${toTopic()}?before=${position.ofRemovedLife}`,
    "410 position_gone",
  ],
  ["past the end of a topic", () => `GET ${toTopic()}?after=${future()}`, "410 position_gone"],
  ["past the end of an emitter", () => `GET ${toEmitter()}?after=${future()}`, "410 position_gone"],
  ["of an epoch to come", () => `GET ${toEmitter()}?after=9zzzzzzzzz-11`, "410 position_gone"],
  [
    "Last-Event-ID that is none",
    () => `GET /sse/log/${id}`,
    "400 invalid_position",
    { headers: { "last-event-id": "yesterday" }, detail: /yesterday/ },
  ],
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
    expectProblem(gone, "410 position_gone");
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
  ...["0", "-1", "1001", "1e3", "ten", "", "99999999999999999999", "1.5", "%00"].map(
    (limit): Row => [
      `limit=${limit}`,
      () => `GET ${toEmitter()}?limit=${limit}`,
      "400 invalid",
      { field: "limit" },
    ],
  ),
  ...["-1", "1001", "x", "", "1e9"].map((tail): Row => [
    `tail=${tail}`,
    () => `GET /sse/log/${id}?tail=${tail}`,
    "400 invalid",
    { field: "tail" },
  ]),
  [
    "limit of the topics' pages",
    () => `GET ${toTopic()}?limit=x`,
    "400 invalid",
    { field: "limit" },
  ],
  [
    "after and before at once",
    () => `GET ${toEmitter()}?after=earliest&before=${position.first}`,
    "400 invalid",
    { field: "before" },
  ],
  ["limit of the list", "GET /log?limit=0", "400 invalid", { field: "limit" }],
]);

table("what is not there", [
  ["an emitter's page", "GET /log/never-made", "404 not_found", { detail: /never-made/ }],
  ["an emitter's stream", "GET /sse/log/never-made", "404 not_found", { detail: /never-made/ }],
  ["an emitter's end", "DELETE /log/never-made", "404 not_found", { detail: /never-made/ }],
  ["an emitter", "GET /v1/emitters/never-made", "404 not_found", { detail: /never-made/ }],
  ["a topic", "GET /v1/topics/never-made", "404 not_found", { detail: /never-made/ }],
  [
    "a topic's page",
    "GET /v1/topics/never-made/records",
    "404 not_found",
    { detail: /never-made/ },
  ],
  ["a topic's stream", "GET /v1/topics/never-made/sse", "404 not_found", { detail: /never-made/ }],
  ["a topic's end", "DELETE /v1/topics/never-made", "404 not_found", { detail: /never-made/ }],
  ["an address", "GET /nowhere", "404 not_found", { detail: /nowhere/ }],
  ["a file", "GET /..%2f..%2fetc%2fpasswd", "404 not_found"],
  ["an address of CR LF", "GET /%0d%0aset-cookie:%20a=b", "404 not_found"],
]);

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
        expectProblem(answer, "400 invalid", { field: "key" });
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
    expectProblem(answer, "413 too_large", { field: "key" });
  });

  test("a content type of 10 KB cannot be stored", async () => {
    const headers = { "content-type": `x/${"y".repeat(10_000)}` };
    const answer = await ask("POST", `${url}/v1/topics/${topic}/records`, { body: "x", headers });
    expectProblem(answer, "415 unsupported_media_type", { detail: /10002/ });
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
