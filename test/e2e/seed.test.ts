/** Every address of the streaming prototype, and what they promise, through a real gateway. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { connect as connectHttp2 } from "node:http2";
import { gzipSync } from "node:zlib";
import { startGateway, type GatewayProcess } from "../support/gateway.ts";
import { ask, post } from "./http.ts";
import { openSse, type SseEvent, type SseOptions, type SseStream } from "./sse.ts";
import { pause, until } from "./until.ts";
import { openWs, type WsClient } from "./ws.ts";

let gateway: GatewayProcess;
let url = "";

beforeAll(async () => {
  gateway = await startGateway({ env: { SLUICE_HEARTBEAT_MS: "1000" } });
  url = gateway.url;
}, 60_000);

afterAll(async () => {
  await gateway.stop();
  const errors = gateway
    .log()
    .split("\n")
    .filter((line) => line.includes('"level":"error"'));
  expect(errors).toEqual([]);
});

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

async function follow(at: string, options?: SseOptions): Promise<SseStream> {
  const stream = await openSse(at, options);
  open.push(() => stream.close());
  return stream;
}

async function talk(path = "/v1/ws"): Promise<WsClient> {
  const ws = await openWs(`${gateway.wsUrl}${path}`);
  open.push(() => ws.cut());
  return ws;
}

/** An emitter that nobody but the test writes to. */
async function external(): Promise<string> {
  const { status, json } = await ask("PUT", `${url}/log`, { body: `{"source":"external"}` });
  expect(status).toBe(201);
  return String(json.id);
}

const dataOf = (events: readonly SseEvent[]) => events.map(({ data }) => JSON.parse(data));
const subscriptions = async (): Promise<number> =>
  (await ask("GET", `${url}/status`)).json.hub.subscriptions;

describe("tickers", () => {
  const forms = {
    "/magic": /^data:\{"magic":-?\d{1,19},"timestamp":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"\}\n\n$/,
    "/time": /^data:\{"timestamp":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"\}\n\n$/,
  };
  for (const [path, form] of Object.entries(forms)) {
    test(`GET ${path}: four events a second in the documented form`, async () => {
      const stream = await follow(`${url}${path}`, { headers: { accept: "*/*" } });
      expect(stream.status).toBe(200);
      expect(stream.headers.get("content-type")).toBe("text/event-stream");
      await stream.take(1);
      const started = performance.now();
      await stream.take(8);
      const tookMs = performance.now() - started;
      stream.close();
      expect(tookMs).toBeWithin(1000, 6000);
      for (const event of stream.text.split(/(?<=\n\n)/)) expect(event).toMatch(form);
    });
  }

  test("magic numbers span the whole int64, as digits that no client has rounded", async () => {
    const stream = await follow(`${url}/magic`);
    const texts = (await stream.take(6)).map(({ data }) => /-?\d+/.exec(data)?.[0] ?? "");
    stream.close();
    const values = texts.map(BigInt);
    expect(new Set(texts).size).toBe(6);
    expect(values.every((value) => value === BigInt.asIntN(64, value))).toBe(true);
    expect(values.some((value) => value > 2n ** 53n || value < -(2n ** 53n))).toBe(true);
  });
});

describe("PUT /log and its stream", () => {
  test("curl's way: make one, read its page, follow it on both addresses", async () => {
    const made = await ask("PUT", `${url}/log`);
    expect(made.status).toBe(201);
    const { id } = made.json;
    expect(id).toMatch(/^[0-9a-z]{12}$/);
    expect(made.headers.get("location")).toBe(`/log/${id}`);

    const streams = await Promise.all([
      follow(`${url}/sse/log/${id}`),
      follow(`${url}/log/sse/${id}`),
    ]);
    for (const stream of streams) {
      expect(stream.status).toBe(200);
      const [first, second] = dataOf(await stream.take(2));
      expect([typeof first.level, typeof first.message, second.n]).toEqual([
        "string",
        "string",
        first.n + 1,
      ]);
    }

    const page = (await ask("GET", `${url}/log/${id}`)).json;
    expect(page.events.length).toBeGreaterThanOrEqual(2);
    expect(page.events.map(({ data }: { data: { n: number } }) => data.n)).toEqual(
      page.events.map((_: unknown, i: number) => i + 1),
    );
    expect(page.events[0]).toMatchObject({
      position: expect.any(String),
      time: expect.stringMatching(/Z$/),
      key: id,
    });
    expect(page).toMatchObject({ next: null, prev: null });
    await ask("DELETE", `${url}/log/${id}`);
  });

  test("a guest makes two events a second, or as many as it is told", async () => {
    const { id } = (await ask("PUT", `${url}/log`, { body: `{"rate":20}` })).json;
    const slow = (await ask("PUT", `${url}/log`)).json;
    expect(slow).toMatchObject({ source: "guest", rate: 2 });
    const [fast, two] = await Promise.all([
      follow(`${url}/sse/log/${id}`),
      follow(`${url}/sse/log/${slow.id}`),
    ]);
    // By the times that stand in the events: how busy this machine is must not matter.
    const spans = [
      [await fast.take(21), 1000],
      [await two.take(3), 1000],
    ] as const;
    for (const [events, wanted] of spans) {
      const times = events.map(({ data }) => Date.parse(JSON.parse(data).timestamp));
      const span = (times.at(-1) ?? 0) - (times[0] ?? 0);
      expect(span).toBeWithin(wanted - 10, wanted + 11);
    }
    await Promise.all([ask("DELETE", `${url}/log/${id}`), ask("DELETE", `${url}/log/${slow.id}`)]);
  });

  test("PUT under a chosen id is idempotent, and refuses another configuration", async () => {
    const id = `Chosen.id_${Date.now()}-1`;
    const body = `{"source":"external"}`;
    const first = await ask("PUT", `${url}/log/${id}`, { body });
    expect([first.status, first.json.id, first.headers.get("location")]).toEqual([
      201,
      id,
      `/log/${id}`,
    ]);
    const second = await ask("PUT", `${url}/log/${id}`, { body });
    expect([second.status, second.json]).toEqual([200, first.json]);
    const other = await ask("PUT", `${url}/log/${id}`, { body: `{"rate":5}` });
    expect([other.status, other.json.code, other.json.errors[0].field]).toEqual([
      409,
      "conflict",
      "source",
    ]);
  });

  test("DELETE: subscribers get the end event, later ones are told that it has ended", async () => {
    const id = await external();
    await post(`${url}/log/${id}`, { n: 1 });
    const sse = await follow(`${url}/sse/log/${id}?after=earliest`);
    const ws = await talk();
    ws.say({ op: "subscribe", emitter: id });
    await ws.nextThat(({ op }) => op === "subscribed");
    expect((await sse.take(1))[0]?.data).toBe(`{"n":1}`);
    const gone = await ask("DELETE", `${url}/log/${id}`);
    expect([gone.status, gone.json.id]).toEqual([200, id]);
    expect(gone.json.ended_at).toBeString();

    const end = await sse.next();
    expect(end).toMatchObject({ event: "end", id: expect.any(String) });
    expect(JSON.parse(end?.data ?? "")).toMatchObject({ emitter: id });
    expect(await sse.next()).toBeUndefined();
    expect(await ws.nextThat(({ op }) => op === "end")).toMatchObject({
      emitter: id,
      position: end?.id,
    });
    ws.cut();

    expect((await ask("DELETE", `${url}/log/${id}`)).json).toEqual(gone.json);
    const late = await post(`${url}/log/${id}`, { n: 2 });
    expect([late.status, late.json.code]).toEqual([410, "ended"]);
    const live = await ask("GET", `${url}/sse/log/${id}`);
    expect([live.status, live.json.code]).toEqual([410, "ended"]);
    const again = await follow(`${url}/sse/log/${id}?after=earliest`);
    expect((await again.take(2)).map(({ event }) => event)).toEqual(["message", "end"]);
    await again.ended;
    const page = (await ask("GET", `${url}/log/${id}`)).json;
    expect(page.events.map(({ data }: { data: unknown }) => data)).toEqual([{ n: 1 }]);
  });

  test("curl itself prints the stream as it comes", async () => {
    const curl = Bun.which("curl");
    if (curl === null) {
      if (process.env["CI"] === "true") {
        throw new Error("Cannot run curl: it is not on this machine, wanted in CI");
      }
      return;
    }
    const child = Bun.spawn([curl, "-sN", "--max-time", "2", `${url}/time`], {
      stdout: "pipe",
      stderr: "ignore",
    });
    const text = await new Response(child.stdout).text();
    expect(text.match(/^data:\{"timestamp":/gm)?.length ?? 0).toBeWithin(2, 11);
  });
});

describe("POST /log/{id}", () => {
  const exact = `{"id":9223372036854775807,"low":-9223372036854775808,"f":1.10,"big":123456789012345678901234567890}`;

  test("an int64 is exact in the page, over SSE and over WebSocket", async () => {
    const id = await external();
    const sse = await follow(`${url}/sse/log/${id}`);
    const ws = await talk();
    ws.say({ op: "subscribe", emitter: id });
    await ws.nextText();
    const { status, json } = await post(`${url}/log/${id}`, exact);
    expect([status, json.accepted, json.refused]).toEqual([200, 1, []]);
    expect(await sse.take(1)).toEqual([{ event: "message", id: json.position, data: exact }]);
    expect(await ws.nextText()).toContain(`"data":${exact}`);
    expect((await ask("GET", `${url}/log/${id}`)).text).toContain(`"data":${exact}`);
    ws.say(`{"op":"publish","emitter":"${id}","events":[ ${exact} , [1] ]}`);
    expect((await sse.take(2)).map(({ data }) => data)).toEqual([exact, "[1]"]);
  });

  const forms: readonly [
    name: string,
    body: string | Uint8Array<ArrayBuffer>,
    headers: Record<string, string>,
    texts: readonly string[],
  ][] = [
    ["an object", `{"a":1}`, {}, [`{"a":1}`]],
    ["an array", `[ {"a":1}, "two",\t3 ,[4] ]`, {}, [`{"a":1}`, `"two"`, "3", "[4]"]],
    [
      "NDJSON",
      `{"a":1}\n\n{"a":2}\r\n{"a":3}`,
      { "content-type": "application/x-ndjson" },
      [`{"a":1}`, `{"a":2}`, `{"a":3}`],
    ],
    [
      "NDJSON without its content type, as curl -d sends it",
      `{"a":1}\n{"a":2}`,
      { "content-type": "application/x-www-form-urlencoded" },
      [`{"a":1}`, `{"a":2}`],
    ],
    ["gzip", gzipSync(`[1,2]`), { "content-encoding": "gzip" }, ["1", "2"]],
    ["pretty-printed JSON", `{\n  "a": [\r\n    1\n  ]\n}\n`, {}, [`{\n  "a": [\n    1\n  ]\n}`]],
    [
      "text that JSON has to escape",
      `{"e":"\\u0000 \\" ü 漢 🙂 \\n"}`,
      {},
      [`{"e":"\\u0000 \\" ü 漢 🙂 \\n"}`],
    ],
  ];
  for (const [name, body, headers, texts] of forms) {
    test(`takes ${name}`, async () => {
      const id = await external();
      const sse = await follow(`${url}/sse/log/${id}`);
      const { status, json } = await ask("POST", `${url}/log/${id}`, {
        body,
        headers: { "content-type": "application/json", ...headers },
      });
      expect([status, json.accepted]).toEqual([200, texts.length]);
      const events = await sse.take(texts.length);
      expect(events.map(({ data }) => data)).toEqual([...texts]);
      expect(events.at(-1)?.id).toBe(json.position);
      const page = (await ask("GET", `${url}/log/${id}`)).json;
      expect(page.events.map(({ data }: { data: unknown }) => data)).toEqual(
        texts.map((text) => JSON.parse(text)),
      );
      expect(page.events.map(({ position }: { position: string }) => position)).toEqual(
        events.map((event) => event.id),
      );
    });
  }

  test("one bad line refuses that line alone", async () => {
    const id = await external();
    const { status, json } = await ask("POST", `${url}/log/${id}`, {
      body: `{"a":1}\n{"a":\n{"a":3}\n`,
      headers: { "content-type": "application/x-ndjson" },
    });
    expect([status, json.accepted]).toEqual([207, 2]);
    expect(json.refused).toEqual([
      { index: 1, field: "body", code: "invalid", message: expect.stringContaining("JSON") },
    ]);
  });

  test("Idempotency-Key: the retry stores nothing and is answered as the first", async () => {
    const id = await external();
    const headers = { "idempotency-key": `order-${id}` };
    const first = await post(`${url}/log/${id}`, [1, 2], headers);
    const second = await post(`${url}/log/${id}`, [1, 2], headers);
    expect([second.status, second.json]).toEqual([first.status, first.json]);
    const both = await Promise.all(
      [1, 2].map(() => post(`${url}/log/${id}`, [3], { "idempotency-key": `b-${id}` })),
    );
    expect(both[0]?.json).toEqual(both[1]?.json);
    const page = (await ask("GET", `${url}/log/${id}`)).json;
    expect(page.events.map(({ data }: { data: number }) => data)).toEqual([1, 2, 3]);
  });
});

describe("where a reader starts", () => {
  let id = "";
  let positions: string[] = [];

  beforeAll(async () => {
    id = await external();
    await post(`${url}/log/${id}`, [1, 2, 3, 4, 5]);
    const page = (await ask("GET", `${url}/log/${id}`)).json;
    positions = page.events.map(({ position }: { position: string }) => position);
  });

  const read = async (query: string, headers: Record<string, string>, count: number) => {
    const stream = await follow(`${url}/sse/log/${id}${query}`, { headers });
    const events = await stream.take(count);
    await expect(stream.next(150)).rejects.toThrow("in vain");
    stream.close();
    return dataOf(events);
  };

  test("Last-Event-ID, after, tail, earliest", async () => {
    expect(await read("", { "last-event-id": positions[2] ?? "" }, 2)).toEqual([4, 5]);
    expect(await read(`?after=${positions[0]}`, {}, 4)).toEqual([2, 3, 4, 5]);
    expect(await read("?after=earliest", {}, 5)).toEqual([1, 2, 3, 4, 5]);
    expect(await read("?tail=2", {}, 2)).toEqual([4, 5]);
    expect(await read("?tail=0", {}, 0)).toEqual([]);
    expect(await read("?tail=1000", {}, 5)).toEqual([1, 2, 3, 4, 5]);
    expect(await read("", {}, 0)).toEqual([]);
  });

  test("Last-Event-ID wins over after, that over tail", async () => {
    expect(
      await read(`?after=${positions[0]}&tail=5`, { "last-event-id": positions[3] ?? "" }, 1),
    ).toEqual([5]);
    expect(await read(`?after=${positions[2]}&tail=5`, {}, 2)).toEqual([4, 5]);
  });

  test("pages lead to one another in both directions, and their positions to the streams", async () => {
    const newest = (await ask("GET", `${url}/log/${id}?limit=2`)).json;
    const values = (page: { events: { data: unknown }[] }) => page.events.map(({ data }) => data);
    expect([values(newest), newest.next]).toEqual([[4, 5], null]);
    const earlier = (await ask("GET", `${url}/log/${id}?limit=2&before=${newest.prev}`)).json;
    expect(values(earlier)).toEqual([2, 3]);
    const first = (await ask("GET", `${url}/log/${id}?limit=2&before=${earlier.prev}`)).json;
    expect([values(first), first.prev]).toEqual([[1], null]);
    const forward = (await ask("GET", `${url}/log/${id}?limit=2&after=${first.next}`)).json;
    expect(values(forward)).toEqual([2, 3]);
    expect(await read(`?after=${forward.next}`, {}, 2)).toEqual([4, 5]);
  });
});

describe("streams", () => {
  test("begin with retry, and say that they live with a comment and a bare id that resumes", async () => {
    const id = await external();
    const stream = await follow(`${url}/sse/log/${id}`);
    await until("retry", 2000, () => stream.retryMs !== undefined);
    expect(stream.retryMs).toBe(1000);
    const begin = stream.comments;
    await until("two heartbeats", 12_000, () => stream.comments >= begin + 2);
    expect(stream.text).toMatch(/\n\n:\nid:[0-9a-z-]+\n\n$/);
    const beat = stream.lastId;
    await post(`${url}/log/${id}`, { n: 1 });
    const resumed = await follow(`${url}/sse/log/${id}`, { headers: { "last-event-id": beat } });
    expect(await resumed.take(1)).toEqual(await stream.take(1));
  });

  test("no proxy may keep, change or compress them", async () => {
    const stream = await follow(`${url}/sse/log/${await external()}`, {
      headers: { "accept-encoding": "gzip, deflate" },
    });
    expect(stream.headers.get("cache-control")).toContain("no-transform");
    expect(stream.headers.get("x-accel-buffering")).toBe("no");
    expect(stream.headers.has("content-encoding")).toBe(false);
    stream.close();
  });

  test("a client that has gone is freed within a second", async () => {
    const id = await external();
    await until("the others to be gone", 3000, async () => (await subscriptions()) === 0);
    const streams = await Promise.all(
      Array.from({ length: 20 }, () => follow(`${url}/sse/log/${id}`)),
    );
    const sockets = await Promise.all(Array.from({ length: 10 }, () => talk()));
    for (const ws of sockets) {
      ws.say({ op: "subscribe", emitter: id });
      await ws.nextText();
    }
    await until("all to be there", 5000, async () => (await subscriptions()) === 30);
    const started = performance.now();
    for (const stream of streams) stream.close();
    for (const ws of sockets) ws.cut();
    await until("all to be freed", 5000, async () => (await subscriptions()) === 0);
    // A second, and what a busy machine adds.
    expect(performance.now() - started).toBeLessThan(3000);
  });

  test("over h2c, several on one connection", async () => {
    const id = await external();
    const session = connectHttp2(url);
    const texts = ["", ""];
    const requests = texts.map((_, i) => {
      const request = session.request({
        ":path": `/sse/log/${id}?after=earliest`,
        accept: "text/event-stream",
      });
      request.setEncoding("utf8");
      request.on("data", (text: string) => (texts[i] += text));
      return request;
    });
    const statuses = await Promise.all(
      requests.map(
        (request) =>
          new Promise((resolve) => request.on("response", (head) => resolve(head[":status"]))),
      ),
    );
    expect(statuses).toEqual([200, 200]);
    for (let n = 1; n <= 3; n++) await post(`${url}/log/${id}`, { n });
    await until("three events on each", 3000, () =>
      texts.every((text) => text.includes(`data:{"n":3}`)),
    );
    for (const text of texts) {
      expect([...text.matchAll(/data:\{"n":(\d)\}/g)].map((match) => match[1])).toEqual([
        "1",
        "2",
        "3",
      ]);
    }
    requests[0]?.close();
    await post(`${url}/log/${id}`, { n: 4 });
    await until("the other one to go on", 3000, () => texts[1]?.includes(`data:{"n":4}`));
    session.destroy();
    await until("both to be freed", 2000, async () => (await subscriptions()) === 0);
  });
});

describe("documentation", () => {
  test("/ leads to /livedoc", async () => {
    const root = await ask("GET", `${url}/`);
    expect([301, 302, 303, 307, 308]).toContain(root.status);
    expect(root.headers.get("location")).toBe("/livedoc");
    const page = await ask("GET", `${url}/livedoc`);
    expect([page.status, page.headers.get("content-type")]).toEqual([
      200,
      expect.stringContaining("text/html"),
    ]);
    const openapi = await ask("GET", `${url}/openapi.json`);
    expect(openapi.status).toBe(200);
    expect(openapi.json.openapi).toStartWith("3.");
    expect(Object.keys(openapi.json.paths)).toEqual(
      expect.arrayContaining(["/log", "/log/{id}", "/sse/log/{id}", "/magic", "/time"]),
    );
  });
});

describe("WS /echo", () => {
  test("gives back what it gets, text as text and bytes as bytes, in order", async () => {
    const ws = await talk("/echo");
    ws.socket.binaryType = "arraybuffer";
    const long = "ü".repeat(100_000);
    for (const text of ["hello", "", "{}", long]) {
      ws.say(text);
      expect(await ws.nextText()).toBe(text);
    }
    ws.socket.send(new Uint8Array([0, 255, 10]));
    expect(await ws.nextText()).toBe("\u0000\u00ff\n");
    for (let i = 0; i < 100; i++) ws.say(String(i));
    for (let i = 0; i < 100; i++) expect(await ws.nextText()).toBe(String(i));
    ws.socket.close(1000);
    expect(await ws.closed).toMatchObject({ code: 1000 });
  });
});

describe("topics", () => {
  test("come to be by their first append, or by PUT with settings", async () => {
    const name = `t.${Date.now()}`;
    expect((await ask("GET", `${url}/v1/topics/${name}`)).status).toBe(404);
    expect((await post(`${url}/v1/topics/${name}/records`, { a: 1 })).status).toBe(200);
    const described = (await ask("GET", `${url}/v1/topics/${name}`)).json;
    expect(described).toMatchObject({ name, layout: "records" });
    const settings = { layout: "frames", retention_ms: 3_600_000, retention_bytes: 1_000_000 };
    const made = await ask("PUT", `${url}/v1/topics/${name}-2`, { body: JSON.stringify(settings) });
    expect([made.status, made.json]).toEqual([201, expect.objectContaining(settings)]);
    expect(
      (await ask("PUT", `${url}/v1/topics/${name}-2`, { body: JSON.stringify(settings) })).status,
    ).toBe(200);
    const names = (await ask("GET", `${url}/v1/topics`)).json.topics.map(
      (topic: { name: string }) => topic.name,
    );
    expect(names).toEqual(expect.arrayContaining([name, `${name}-2`]));
    expect((await ask("DELETE", `${url}/v1/topics/${name}`)).status).toBe(204);
    expect((await ask("GET", `${url}/v1/topics/${name}`)).status).toBe(404);
  });

  for (const layout of ["records", "frames"]) {
    test(`of ${layout}: JSON, NDJSON and bytes, by key, as page and stream`, async () => {
      const topic = `${layout}-${Date.now()}`;
      const at = `${url}/v1/topics/${topic}`;
      await ask("PUT", at, { body: JSON.stringify({ layout }) });
      await post(`${at}/records?key=k1`, [{ n: 1 }, { n: 2 }]);
      await ask("POST", `${at}/records?key=k2`, {
        body: "1\n2\n",
        headers: { "content-type": "application/x-ndjson" },
      });
      const bytes = Uint8Array.of(0, 1, 255, 13, 10);
      await ask("POST", `${at}/records?key=k1`, {
        body: bytes,
        headers: { "content-type": "image/png" },
      });
      const whole = [{ n: 1 }, { n: 2 }, 1, 2, { base64: Buffer.from(bytes).toString("base64") }];
      const ofKey = [{ n: 1 }, { n: 2 }, { base64: Buffer.from(bytes).toString("base64") }];

      const page = (await ask("GET", `${at}/records`)).json;
      expect(page.events.map(({ data }: { data: unknown }) => data)).toEqual(whole);
      const keyed = (await ask("GET", `${at}/records?key=k1`)).json;
      expect(keyed.events.map(({ data }: { data: unknown }) => data)).toEqual(ofKey);
      for (const [query, wanted] of [
        ["?after=earliest", whole],
        ["?after=earliest&key=k1", ofKey],
      ] as const) {
        const stream = await follow(`${at}/sse${query}`);
        expect(dataOf(await stream.take(wanted.length))).toEqual([...wanted]);
        stream.close();
      }
      const middle = await follow(`${at}/sse?after=${page.events[0].position}`);
      expect(dataOf(await middle.take(4))).toEqual(whole.slice(1));
      middle.close();
    });
  }

  test("the emitters' topic can be read here and not written", async () => {
    const refused = await post(`${url}/v1/topics/emitters/records`, { a: 1 });
    expect([refused.status, refused.json.code]).toEqual([403, "forbidden"]);
    expect((await ask("GET", `${url}/v1/topics/emitters/records?limit=1`)).status).toBe(200);
  });
});

describe("WS /v1/ws", () => {
  test("many subscriptions and publishes on one socket", async () => {
    const [a, b] = [await external(), await external()];
    const topic = `ws-${a}`;
    const ws = await talk();
    for (const emitter of [a, b]) ws.say({ op: "subscribe", emitter, ref: `s-${emitter}` });
    const confirmed = [await ws.next(), await ws.next()];
    expect(confirmed.map(({ op, emitter, ref }) => ({ op, emitter, ref }))).toEqual(
      expect.arrayContaining(
        [a, b].map((emitter) => ({ op: "subscribed", emitter, ref: `s-${emitter}` })),
      ),
    );
    ws.say({ op: "publish", emitter: a, events: [{ n: 1 }, { n: 2 }], ref: 1 });
    ws.say({ op: "publish", topic, key: "k", events: ["x"], ref: 2 });
    const got: Record<string, unknown>[] = [];
    while (got.length < 3) got.push(await ws.next());
    const events = got.filter(({ op }) => op === "events");
    expect(events).toEqual([
      {
        op: "events",
        emitter: a,
        events: [
          expect.objectContaining({ data: { n: 1 } }),
          expect.objectContaining({ data: { n: 2 } }),
        ],
        position: expect.any(String),
      },
    ]);
    expect(got.find(({ ref }) => ref === 1)).toEqual({
      op: "accepted",
      accepted: 2,
      position: events[0]?.["position"],
      refused: [],
      ref: 1,
    });
    expect(got.find(({ ref }) => ref === 2)).toMatchObject({ op: "accepted", accepted: 1 });

    ws.say({ op: "subscribe", topic, key: "k", after: "earliest" });
    expect(await ws.next()).toMatchObject({ op: "subscribed", topic, key: "k" });
    expect(await ws.next()).toMatchObject({
      op: "events",
      topic,
      key: "k",
      events: [{ key: "k", data: "x" }],
    });

    ws.say({ op: "unsubscribe", emitter: a, ref: 3 });
    expect(await ws.nextThat(({ ref }) => ref === 3)).toEqual({
      op: "unsubscribed",
      emitter: a,
      ref: 3,
    });
    await post(`${url}/log/${a}`, { n: 3 });
    await post(`${url}/log/${b}`, { n: 4 });
    expect(
      await ws.nextThat(({ op, events }) => op === "events" && events.length > 0),
    ).toMatchObject({ emitter: b, events: [{ data: { n: 4 } }] });
  });

  test("resumes from a position that any face gave", async () => {
    const id = await external();
    await post(`${url}/log/${id}`, [1, 2, 3, 4]);
    const page = (await ask("GET", `${url}/log/${id}`)).json;
    const ws = await talk();
    const replayed = async (start: Record<string, unknown>, count: number) => {
      ws.say({ op: "subscribe", emitter: id, ...start });
      const values: unknown[] = [];
      while (values.length < count) {
        const { op, events } = await ws.next();
        if (op === "events") values.push(...events.map(({ data }: { data: unknown }) => data));
      }
      ws.say({ op: "unsubscribe", emitter: id });
      await ws.nextThat(({ op }) => op === "unsubscribed");
      return values;
    };
    expect(await replayed({ after: page.events[1].position }, 2)).toEqual([3, 4]);
    expect(await replayed({ after: "earliest" }, 4)).toEqual([1, 2, 3, 4]);
    expect(await replayed({ tail: 1 }, 1)).toEqual([4]);
  });

  test("a publish with a dedup id is stored once", async () => {
    const id = await external();
    const ws = await talk();
    const told: unknown[] = [];
    for (let i = 0; i < 2; i++) {
      ws.say({ op: "publish", emitter: id, events: [1], dedup_id: `d-${id}` });
      told.push(await ws.next());
    }
    expect(told[0]).toEqual(told[1]);
    expect((await ask("GET", `${url}/log/${id}`)).json.events).toHaveLength(1);
  });

  test("heartbeats move the position of a silent subscription", async () => {
    const [id, other] = [await external(), await external()];
    const ws = await talk();
    ws.say({ op: "subscribe", emitter: id });
    const { position } = await ws.next();
    await post(`${url}/log/${other}`, { n: 1 });
    const beat = await ws.next(8000);
    expect(beat).toMatchObject({ op: "events", emitter: id, events: [] });
    expect(beat.position > position).toBe(true);
  });

  test("answers pings, and bad messages with a problem that keeps the socket", async () => {
    const id = await external();
    const ws = await talk();
    ws.say({ op: "ping", ref: 7 });
    expect(await ws.next()).toEqual({ op: "pong", ref: 7 });
    const bad: readonly [message: unknown, code: string, about: string][] = [
      ["{", "invalid", "JSON"],
      ["[]", "invalid", "expected object"],
      [{ op: "dance" }, "invalid", "/op"],
      [{ op: "subscribe" }, "invalid", "topic or emitter"],
      [{ op: "subscribe", emitter: id, topic: "t" }, "invalid", "emitter beside topic"],
      [{ op: "subscribe", emitter: "never-made" }, "not_found", "never-made"],
      [{ op: "subscribe", topic: "never-made" }, "not_found", "never-made"],
      [{ op: "subscribe", emitter: "a/b" }, "invalid", "emitter"],
      [{ op: "subscribe", emitter: id, after: "7x" }, "invalid_position", "7x"],
      [{ op: "subscribe", emitter: id, tail: -1 }, "invalid", "/tail"],
      [{ op: "subscribe", emitter: id, surplus: 1 }, "invalid", "surplus"],
      [{ op: "publish", emitter: id }, "invalid", "/events"],
      [{ op: "publish", emitter: id, events: [] }, "invalid", "/events"],
      [{ op: "publish", topic: "emitters", events: [1] }, "forbidden", "emitters"],
      [{ op: "publish", topic: "a b", events: [1] }, "invalid", "topic"],
    ];
    for (const [message, code, about] of bad) {
      ws.say(message);
      const { op, problem } = await ws.next();
      expect([message, op, problem.code]).toEqual([message, "error", code]);
      expect(problem.detail).toContain(about);
      expect(problem.status).toBeWithin(400, 500);
    }
    ws.socket.send(new Uint8Array([1, 2, 3]));
    expect((await ws.next()).problem).toMatchObject({
      code: "invalid",
      detail: expect.stringContaining("binary"),
    });
    ws.say({ op: "subscribe", emitter: id });
    expect(await ws.next()).toMatchObject({ op: "subscribed" });
    ws.say({ op: "subscribe", emitter: id, ref: "again" });
    expect(await ws.next()).toMatchObject({
      op: "error",
      ref: "again",
      problem: { code: "conflict" },
    });
    await pause(50);
    await post(`${url}/log/${id}`, { n: 1 });
    expect(await ws.next()).toMatchObject({ op: "events", events: [{ data: { n: 1 } }] });
  });

  test("a foreign page's socket is refused", async () => {
    const handshake = {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    };
    const foreign = await follow(`${url}/v1/ws`, {
      headers: { ...handshake, origin: "https://elsewhere.example" },
    });
    expect(foreign.status).toBe(403);
    const own = await follow(`${url}/v1/ws`, { headers: { ...handshake, origin: url } });
    expect(own.status).toBe(101);
  });
});
