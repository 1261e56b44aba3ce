/** The original streaming demo: emitters are created, appended to, read live and ended. */

import { describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { ask, post } from "../../support/http.ts";
import { dataOf, seedRig } from "./original-rig.ts";

const rig = seedRig();

describe("tickers", () => {
  const forms = {
    "/magic": /^data:\{"magic":-?\d{1,19},"timestamp":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"\}\n\n$/,
    "/time": /^data:\{"timestamp":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"\}\n\n$/,
  };
  for (const [path, form] of Object.entries(forms)) {
    test(`GET ${path}: four events a second in the documented form`, async () => {
      const stream = await rig.follow(`${rig.url}${path}`, { headers: { accept: "*/*" } });
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

  test("magic numbers span the whole int64, and no digit is rounded", async () => {
    const stream = await rig.follow(`${rig.url}/magic`);
    const texts = (await stream.take(6)).map(({ data }) => /-?\d+/.exec(data)?.[0] ?? "");
    stream.close();
    const values = texts.map(BigInt);
    expect(new Set(texts).size).toBe(6);
    expect(values.every((value) => value === BigInt.asIntN(64, value))).toBe(true);
    expect(values.some((value) => value > 2n ** 53n || value < -(2n ** 53n))).toBe(true);
  });
});

describe("PUT /log and its stream", () => {
  test("as with curl: create one, read its page, read it live on both addresses", async () => {
    const made = await ask("PUT", `${rig.url}/log`);
    expect(made.status).toBe(201);
    const { id } = made.json;
    expect(id).toMatch(/^[0-9a-z]{12}$/);
    expect(made.headers.get("location")).toBe(`/log/${id}`);

    const streams = await Promise.all([
      rig.follow(`${rig.url}/sse/log/${id}`),
      rig.follow(`${rig.url}/log/sse/${id}`),
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

    const page = (await ask("GET", `${rig.url}/log/${id}`)).json;
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
    await ask("DELETE", `${rig.url}/log/${id}`);
  });

  test("a guest appends two events a second, or as many as its rate says", async () => {
    const { id } = (await ask("PUT", `${rig.url}/log`, { body: `{"rate":20}` })).json;
    const slow = (await ask("PUT", `${rig.url}/log`)).json;
    expect(slow).toMatchObject({ source: "guest", rate: 2 });
    const [fast, two] = await Promise.all([
      rig.follow(`${rig.url}/sse/log/${id}`),
      rig.follow(`${rig.url}/sse/log/${slow.id}`),
    ]);
    // Measured by the times in the events, because the load of this machine must not matter.
    const spans = [
      [await fast.take(21), 1000],
      [await two.take(3), 1000],
    ] as const;
    for (const [events, expectedMs] of spans) {
      const times = events.map(({ data }) => Date.parse(JSON.parse(data).timestamp));
      const span = (times.at(-1) ?? 0) - (times[0] ?? 0);
      expect(span).toBeWithin(expectedMs - 10, expectedMs + 11);
    }
    await Promise.all([
      ask("DELETE", `${rig.url}/log/${id}`),
      ask("DELETE", `${rig.url}/log/${slow.id}`),
    ]);
  });

  test("PUT under a chosen id is idempotent, and refuses another configuration", async () => {
    const id = `Chosen.id_${Date.now()}-1`;
    const body = `{"source":"external"}`;
    const first = await ask("PUT", `${rig.url}/log/${id}`, { body });
    expect([first.status, first.json.id, first.headers.get("location")]).toEqual([
      201,
      id,
      `/log/${id}`,
    ]);
    const second = await ask("PUT", `${rig.url}/log/${id}`, { body });
    expect([second.status, second.json]).toEqual([200, first.json]);
    const other = await ask("PUT", `${rig.url}/log/${id}`, { body: `{"rate":5}` });
    expect([other.status, other.json.code, other.json.errors[0].field]).toEqual([
      409,
      "conflict",
      "/source",
    ]);
  });

  test("DELETE: subscribers get the end event, later ones an error that it has ended", async () => {
    const id = await rig.external();
    await post(`${rig.url}/log/${id}`, { n: 1 });
    const sse = await rig.follow(`${rig.url}/sse/log/${id}?after=earliest`);
    const ws = await rig.talk();
    ws.say({ op: "subscribe", emitter: id });
    await ws.nextThat(({ op }) => op === "subscribed");
    expect((await sse.take(1))[0]?.data).toBe(`{"n":1}`);
    const gone = await ask("DELETE", `${rig.url}/log/${id}`);
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

    expect((await ask("DELETE", `${rig.url}/log/${id}`)).json).toEqual(gone.json);
    const late = await post(`${rig.url}/log/${id}`, { n: 2 });
    expect([late.status, late.json.code]).toEqual([410, "ended"]);
    const live = await ask("GET", `${rig.url}/sse/log/${id}`);
    expect([live.status, live.json.code]).toEqual([410, "ended"]);
    const again = await rig.follow(`${rig.url}/sse/log/${id}?after=earliest`);
    expect((await again.take(2)).map(({ event }) => event)).toEqual(["message", "end"]);
    await again.ended;
    const page = (await ask("GET", `${rig.url}/log/${id}`)).json;
    expect(page.events.map(({ data }: { data: unknown }) => data)).toEqual([{ n: 1 }]);
  });

  test("curl prints the stream as it arrives", async () => {
    const curl = Bun.which("curl");
    if (curl === null) {
      if (process.env["CI"] === "true") {
        throw new Error("Cannot run curl: it is not on this machine, expected in CI");
      }
      return;
    }
    const child = Bun.spawn([curl, "-sN", "--max-time", "2", `${rig.url}/time`], {
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
    const id = await rig.external();
    const sse = await rig.follow(`${rig.url}/sse/log/${id}`);
    const ws = await rig.talk();
    ws.say({ op: "subscribe", emitter: id });
    await ws.nextText();
    const { status, json } = await post(`${rig.url}/log/${id}`, exact);
    expect([status, json.accepted, json.refused]).toEqual([200, 1, []]);
    expect(await sse.take(1)).toEqual([{ event: "message", id: json.position, data: exact }]);
    expect(await ws.nextText()).toContain(`"data":${exact}`);
    expect((await ask("GET", `${rig.url}/log/${id}`)).text).toContain(`"data":${exact}`);
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
      "text that JSON must escape",
      `{"e":"\\u0000 \\" ü 漢 🙂 \\n"}`,
      {},
      [`{"e":"\\u0000 \\" ü 漢 🙂 \\n"}`],
    ],
  ];
  for (const [name, body, headers, texts] of forms) {
    test(`accepts ${name}`, async () => {
      const id = await rig.external();
      const sse = await rig.follow(`${rig.url}/sse/log/${id}`);
      const { status, json } = await ask("POST", `${rig.url}/log/${id}`, {
        body,
        headers: { "content-type": "application/json", ...headers },
      });
      expect([status, json.accepted]).toEqual([200, texts.length]);
      const events = await sse.take(texts.length);
      expect(events.map(({ data }) => data)).toEqual([...texts]);
      expect(events.at(-1)?.id).toBe(json.position);
      const page = (await ask("GET", `${rig.url}/log/${id}`)).json;
      expect(page.events.map(({ data }: { data: unknown }) => data)).toEqual(
        texts.map((text) => JSON.parse(text)),
      );
      expect(page.events.map(({ position }: { position: string }) => position)).toEqual(
        events.map((event) => event.id),
      );
    });
  }

  test("one invalid line refuses only that line", async () => {
    const id = await rig.external();
    const { status, json } = await ask("POST", `${rig.url}/log/${id}`, {
      body: `{"a":1}\n{"a":\n{"a":3}\n`,
      headers: { "content-type": "application/x-ndjson" },
    });
    expect([status, json.accepted]).toEqual([207, 2]);
    expect(json.refused).toEqual([
      { index: 1, field: "body", code: "invalid", message: expect.stringContaining("JSON") },
    ]);
  });

  test("Idempotency-Key: the retry stores nothing and has the answer of the first request", async () => {
    const id = await rig.external();
    const headers = { "idempotency-key": `order-${id}` };
    const first = await post(`${rig.url}/log/${id}`, [1, 2], headers);
    const second = await post(`${rig.url}/log/${id}`, [1, 2], headers);
    expect([second.status, second.json]).toEqual([first.status, first.json]);
    const both = await Promise.all(
      [1, 2].map(() => post(`${rig.url}/log/${id}`, [3], { "idempotency-key": `b-${id}` })),
    );
    expect(both[0]?.json).toEqual(both[1]?.json);
    const page = (await ask("GET", `${rig.url}/log/${id}`)).json;
    expect(page.events.map(({ data }: { data: number }) => data)).toEqual([1, 2, 3]);
  });
});
