import { expect, test } from "bun:test";
import { createClient } from "./client.ts";
import type { ClientOptions } from "./options.ts";

interface SentRequest {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly headers: Record<string, string>;
}

function scripted(answers: readonly (Response | Error)[], options: Partial<ClientOptions> = {}) {
  const requests: SentRequest[] = [];
  const waiting = [...answers];
  const client = createClient({
    url: "http://gateway",
    reconnectMs: 1,
    ...options,
    fetch: async (url, { method = "GET", body, headers }) => {
      const given = Object.fromEntries(new Headers(headers));
      requests.push({ method, path: url.replace("http://gateway", ""), body, headers: given });
      const answer = waiting.shift() ?? new Error("Nothing is left to answer");
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  return { client, requests };
}

const json = (value: unknown, status = 200) => new Response(JSON.stringify(value), { status });
const stored = { accepted: 1, position: "p1", refused: [] };
const unavailable = () => json({ status: 503, code: "unavailable", detail: "away" }, 503);

test("publishes one event a line, with bigints as they are", async () => {
  const { client, requests } = scripted([json(stored)], { headers: { authorization: "Bearer x" } });
  const when = new Date(0);
  const events = [
    { ns: 1_700_000_000_000_000_001n, deep: [{ big: -1n, gone: undefined }], when },
    "text\n",
    null,
    1.5,
  ];
  expect(await client.publish({ topic: "t", key: "k" }, events)).toEqual(stored);
  expect(requests).toEqual([
    {
      method: "POST",
      path: "/v1/topics/t/records?key=k",
      body: '{"ns":1700000000000000001,"deep":[{"big":-1}],"when":"1970-01-01T00:00:00.000Z"}\n"text\\n"\nnull\n1.5',
      headers: {
        accept: "application/json",
        authorization: "Bearer x",
        "content-type": "application/x-ndjson",
      },
    },
  ]);
});

test("publishes text and bytes as they are", async () => {
  const { client, requests } = scripted([json(stored), json(stored), json(stored)]);
  const bytes = new Uint8Array([1, 2]);
  await client.publish({ emitter: "e" }, '{"a":1}');
  await client.publish({ topic: "t" }, bytes);
  await client.publish({ topic: "t" }, bytes, { contentType: "image/png" });
  expect(requests.map(({ path, body, headers }) => [path, body, headers["content-type"]])).toEqual([
    ["/log/e", '{"a":1}', "application/json"],
    ["/v1/topics/t/records", bytes, "application/octet-stream"],
    ["/v1/topics/t/records", bytes, "image/png"],
  ]);
});

test("what has no JSON form is refused before anything is sent, by its index", async () => {
  const { client, requests } = scripted([]);
  const cycle: Record<string, unknown> = { big: 1n };
  cycle["self"] = cycle;
  for (const bad of [undefined, () => 0, Symbol("s"), cycle]) {
    await expect(client.publish({ topic: "t" }, [1, bad])).rejects.toMatchObject({
      code: "invalid",
      errors: [{ index: 1, field: "events" }],
    });
  }
  expect(requests).toEqual([]);
});

test("tries again what may be repeated, with the same key, and nothing else", async () => {
  const again = scripted([new Error("cut"), unavailable(), json(stored)]);
  expect(await again.client.publish({ topic: "t" }, [1], { idempotencyKey: "k1" })).toEqual(stored);
  expect(again.requests.map(({ headers }) => headers["idempotency-key"])).toEqual([
    "k1",
    "k1",
    "k1",
  ]);

  const once = scripted([unavailable(), json(stored)]);
  await expect(once.client.publish({ topic: "t" }, [1])).rejects.toMatchObject({
    code: "unavailable",
    status: 503,
  });
  const refused = scripted([
    json({ status: 400, code: "invalid", detail: "no" }, 400),
    json(stored),
  ]);
  await expect(
    refused.client.publish({ topic: "t" }, [1], { idempotencyKey: "k" }),
  ).rejects.toMatchObject({ code: "invalid" });
  expect([once.requests.length, refused.requests.length]).toEqual([1, 1]);

  const tired = scripted([unavailable(), unavailable(), unavailable()], { attemptsMax: 2 });
  await expect(tired.client.page({ topic: "t" })).rejects.toMatchObject({ code: "unavailable" });
  expect(tired.requests).toHaveLength(2);
});

test("a request without an answer ends by its timeout, an aborted one with its reason", async () => {
  const fetch = (_: string, { signal }: RequestInit) =>
    new Promise<Response>((_resolve, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason));
    });
  const client = createClient({ url: "http://gateway", fetch, timeoutMs: 20, attemptsMax: 1 });
  await expect(client.page({ topic: "t" })).rejects.toMatchObject({ code: "deadline_exceeded" });
  const reason = new Error("enough");
  await expect(client.page({ topic: "t" }, { signal: AbortSignal.abort(reason) })).rejects.toBe(
    reason,
  );
});

test("pages follow next to the end; texts are exact", async () => {
  const event = (position: string, data: string) =>
    `{"position":"${position}","time":"2026-01-01T00:00:00Z","key":"k","data": ${data} }`;
  const { client, requests } = scripted([
    new Response(
      `{"events":[${event("p1", '{"n":9007199254740993,"s":"}]"}')},${event("p2", "2")}],"next":"p2","prev":null}`,
    ),
    new Response(`{"events":[${event("p3", "3")}],"next":null,"prev":"p3"}`),
  ]);
  const pages = await Array.fromAsync(client.pages({ emitter: "e" }, { limit: 2 }));
  expect(requests.map(({ path }) => path)).toEqual([
    "/log/e?after=earliest&limit=2",
    "/log/e?after=p2&limit=2",
  ]);
  const events = pages.flatMap((page) => page.events);
  expect(events.map(({ position, text, key }) => [position, text, key])).toEqual([
    ["p1", '{"n":9007199254740993,"s":"}]"}', "k"],
    ["p2", "2", "k"],
    ["p3", "3", "k"],
  ]);
  expect(events[0]).toMatchObject({ data: { s: "}]" }, time: "2026-01-01T00:00:00Z" });
});

test("names that an address cannot contain are refused", async () => {
  const { client, requests } = scripted([]);
  await expect(client.emitters.get("..")).rejects.toMatchObject({ code: "invalid" });
  await expect(client.emitters.end("")).rejects.toMatchObject({ code: "invalid" });
  await expect(client.publish({ topic: "." }, [1])).rejects.toMatchObject({ code: "invalid" });
  expect(requests).toEqual([]);
});

test("an address that the client cannot use is refused at once", () => {
  for (const url of ["localhost:9000", "", "/v1", "ws://gateway", "file:///tmp"]) {
    expect(() => createClient({ url })).toThrow(
      expect.objectContaining({
        code: "invalid",
        message: `Cannot use url ${JSON.stringify(url)}: expected an address that begins with http:// or https://`,
        errors: [expect.objectContaining({ field: "url" })],
      }),
    );
  }
  expect(() => createClient({ url: new URL("https://gateway/behind/a/proxy") })).not.toThrow();
});

test("events that are neither an array, text nor bytes are refused, saying what they are", async () => {
  const { client, requests } = scripted([]);
  for (const [events, what] of [
    [{ a: 1 }, "an object"],
    [1, "a number"],
    [null, "null"],
    [undefined, "undefined"],
    [new ArrayBuffer(1), "an ArrayBuffer"],
  ] as const) {
    const given = events as unknown as [];
    await expect(client.publish({ topic: "t" }, given)).rejects.toMatchObject({
      code: "invalid",
      message: `Cannot append events: they are ${what}, expected an array, text or a Uint8Array`,
      errors: [{ field: "events" }],
    });
    await expect(client.socket().publish({ topic: "t" }, given)).rejects.toMatchObject({
      code: "invalid",
      message: `Cannot append events: they are ${what}, expected an array`,
    });
  }
  expect(requests).toEqual([]);
});

test("a gateway that cannot be reached is named with its address and the reason", async () => {
  const cause = new Error("connect ECONNREFUSED 127.0.0.1:1");
  const { client } = scripted([new TypeError("fetch failed", { cause })], { attemptsMax: 1 });
  await expect(client.page({ topic: "t" })).rejects.toMatchObject({
    code: "unavailable",
    message:
      "Cannot GET http://gateway/v1/topics/t/records: fetch failed (connect ECONNREFUSED 127.0.0.1:1)",
  });
});
