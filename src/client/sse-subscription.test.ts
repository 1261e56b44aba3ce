import { expect, test } from "bun:test";
import { createClient } from "./client.ts";
import { SluiceError } from "./error.ts";
import type { ClientOptions } from "./options.ts";
import type { Reset, SubscribeOptions } from "./subscription.ts";

/** What a gateway would answer, one after another: text is a stream that is cut off at its end. */
type Scripted = string | Response | Error | (() => Response | Promise<Response>);

interface Pause {
  readonly code: string;
  readonly delayMs: number;
}

function scripted(
  answers: readonly Scripted[],
  options: Partial<ClientOptions> = {},
  reconnectMs: number | "requested" = 1,
) {
  const requests: string[] = [];
  const pauses: Pause[] = [];
  const waiting = [...answers];
  const client = createClient({
    url: "http://gateway/under/here/",
    ...(reconnectMs === "requested" ? {} : { reconnectMs }),
    ...options,
    fetch: async (url, init) => {
      init.signal?.throwIfAborted();
      requests.push(url.replace("http://gateway/under/here", ""));
      const answer = waiting.shift();
      if (answer === undefined) throw new Error(`Nothing is left to answer ${url} with`);
      if (answer instanceof Error) throw answer;
      if (typeof answer === "function") return await answer();
      return typeof answer === "string" ? stream(answer) : answer;
    },
    onRetry: ({ code }, delayMs) => pauses.push({ code, delayMs }),
  });
  return { client, requests, pauses };
}

function stream(body: BodyInit): Response {
  return new Response(body, { headers: { "content-type": "text/event-stream; charset=utf-8" } });
}

function problem(
  status: number,
  code: string,
  more: object = {},
  headers: Record<string, string> = {},
): Response {
  return new Response(JSON.stringify({ status, code, detail: `It is ${code}`, ...more }), {
    status,
    headers: { "content-type": "application/problem+json", ...headers },
  });
}

async function collect(
  answers: readonly Scripted[],
  options: SubscribeOptions = {},
  more: Partial<ClientOptions> = {},
  reconnectMs: number | "requested" = 1,
) {
  const { client, requests, pauses } = scripted(answers, more, reconnectMs);
  const subscription = client.subscribe({ topic: "t" }, options);
  const texts: string[] = [];
  let error: unknown;
  try {
    for await (const event of subscription) texts.push(`${event.position}=${event.text}`);
  } catch (thrown) {
    error = thrown;
  }
  return { texts, error, requests, pauses, subscription };
}

const preamble = ":sluice\nretry:1000\nid:p0\n\n";
const end = "event:end\nid:p9\ndata:{}\n\n";
const at = (position: string, data: string) => `id:${position}\ndata:${data}\n\n`;

test("goes on behind what it has after every cut, a bare id included, and drops half an event", async () => {
  const { texts, requests, error, subscription } = await collect([
    `${preamble}${at("p1", "1")}id:p2\ndata:2`,
    new Error("connection refused"),
    `${preamble}${at("p2", "2")}:\nid:p5\n\n`,
    `${preamble}${end}`,
  ]);
  expect(error).toBeUndefined();
  expect(texts).toEqual(["p1=1", "p2=2"]);
  const path = "/v1/topics/t/sse";
  expect(requests).toEqual([path, `${path}?after=p1`, `${path}?after=p1`, `${path}?after=p5`]);
  expect(subscription).toMatchObject({ position: "p9", ended: true });
});

test("starts at the requested position; a live start that got no position starts live again", async () => {
  const path = "/v1/topics/t/sse";
  const start = async (from: SubscribeOptions["from"]) =>
    (await collect(["", end], { from })).requests;
  expect(await start("live")).toEqual([path, path]);
  expect(await start("earliest")).toEqual([`${path}?after=earliest`, `${path}?after=earliest`]);
  expect(await start({ tail: 5 })).toEqual([`${path}?tail=5`, `${path}?tail=5`]);
  expect(await start({ after: "p4" })).toEqual([`${path}?after=p4`, `${path}?after=p4`]);
});

test("addresses keys and emitters, whatever is in their names", async () => {
  const { client, requests } = scripted([end, end]);
  for await (const _ of client.subscribe({ topic: "a", key: "k/ü&" }));
  for await (const _ of client.subscribe({ emitter: "x y" }, { from: { tail: 1 } }));
  expect(requests).toEqual(["/v1/topics/a/sse?key=k%2F%C3%BC%26", "/sse/log/x%20y?tail=1"]);
});

test("a gap ends the iteration with the position where reading can start, or is passed to onReset", async () => {
  const gap = `event:reset\nid:p7\ndata:${JSON.stringify({ position: "p7", reason: "trimmed" })}\n\n`;
  const answers = [`${preamble}${at("p1", "1")}${gap}${at("p8", "8")}${end}`];
  const thrown = await collect(answers);
  expect(thrown.texts).toEqual(["p1=1"]);
  expect(thrown.error).toMatchObject({
    name: "SluiceError",
    code: "position_gone",
    message: "trimmed",
    position: "p7",
  });

  const resets: Reset[] = [];
  const collected = await collect(answers, { onReset: (reset) => resets.push(reset) });
  expect(collected.texts).toEqual(["p1=1", "p8=8"]);
  expect(resets).toEqual([{ after: "p1", position: "p7", reason: "trimmed" }]);
});

test("a 410 with the position where reading can start is also a gap", async () => {
  const gone = () => problem(410, "position_gone", { position: "p7" });
  const from = { after: "p1" };
  expect((await collect([gone], { from })).error).toMatchObject({
    code: "position_gone",
    position: "p7",
  });
  const resets: Reset[] = [];
  const collected = await collect([gone, `${preamble}${end}`], {
    from,
    onReset: (reset) => resets.push(reset),
  });
  expect(collected.requests).toEqual(["/v1/topics/t/sse?after=p1", "/v1/topics/t/sse?after=p7"]);
  expect(resets).toEqual([{ after: "p1", position: "p7", reason: "It is position_gone" }]);
});

test("what onReset throws is thrown as it is, and nothing is tried again", async () => {
  const mine = new RangeError("mine");
  const { error, requests } = await collect([problem(410, "position_gone", { position: "p7" })], {
    onReset: () => {
      throw mine;
    },
  });
  expect(error).toBe(mine);
  expect(requests).toHaveLength(1);
});

test("a failure that trying again cannot mend ends the iteration, one that it can does not", async () => {
  const missing = await collect([
    problem(404, "not_found", { errors: [{ field: "topic", code: "not_found", message: "m" }] }),
  ]);
  expect(missing.error).toBeInstanceOf(SluiceError);
  expect(missing.error).toMatchObject({
    code: "not_found",
    status: 404,
    retryable: false,
    errors: [{ field: "topic" }],
  });

  const proxies = [502, 503, 504].map((status) => new Response("<html>sorry", { status }));
  const mended = await collect([
    ...proxies,
    problem(429, "overloaded"),
    problem(500, "internal"),
    `${preamble}${end}`,
  ]);
  expect(mended.error).toBeUndefined();
  expect(mended.pauses.map(({ code }) => code)).toEqual([
    "unavailable",
    "unavailable",
    "deadline_exceeded",
    "overloaded",
    "internal",
  ]);
});

test("an error event ends it or is tried again, by its code", async () => {
  const errorEvent = (code: string) =>
    `${preamble}${at("p1", "1")}event:error\nid:p1\ndata:${JSON.stringify({ code, detail: "why" })}\n\n`;
  const back = await collect([
    errorEvent("shutting_down"),
    errorEvent("slow_subscriber"),
    `${preamble}${end}`,
  ]);
  expect(back.requests.at(-1)).toBe("/v1/topics/t/sse?after=p1");
  expect(back.pauses.map(({ code }) => code)).toEqual(["shutting_down", "slow_subscriber"]);
  expect((await collect([errorEvent("not_found")])).error).toMatchObject({
    code: "not_found",
    message: "why",
  });
});

test("a target that has ended ends the iteration without an error", async () => {
  const { error, subscription } = await collect([problem(410, "ended")]);
  expect(error).toBeUndefined();
  expect(subscription.ended).toBe(true);
});

test("an answer that is no event stream ends it: something else is at that address", async () => {
  const { error } = await collect([
    new Response("<html>", { headers: { "content-type": "text/html" } }),
  ]);
  expect(error).toMatchObject({ code: "invalid" });
});

test("pauses double up to a bound and are spread; retry: sets the first, Retry-After the least", async () => {
  const refused = Array.from({ length: 6 }, () => new Error("refused"));
  const { pauses } = await collect(
    [...refused, `${preamble}${end}`],
    {},
    { reconnectMs: 8, reconnectMsMax: 32, random: () => 0 },
  );
  expect(pauses.map(({ delayMs }) => delayMs)).toEqual([4, 8, 16, 16, 16, 16]);

  const hinted = await collect(
    ["retry:10\nid:p0\n\n", () => problem(503, "unavailable", {}, { "retry-after": "1" }), end],
    {},
    { random: () => 0 },
    "requested",
  );
  expect(hinted.pauses.map(({ delayMs }) => delayMs)).toEqual([5, 1000]);
});

test("a connection that falls silent is given up and resumed", async () => {
  const silent = () =>
    stream(
      new ReadableStream({ start: (body) => body.enqueue(new TextEncoder().encode(preamble)) }),
    );
  const never = () => new Promise<Response>(() => {});
  const { requests, pauses, texts } = await collect(
    [never, silent, `${preamble}${at("p1", "1")}${end}`],
    {},
    { silenceMs: 30 },
  );
  expect(requests).toEqual(["/v1/topics/t/sse", "/v1/topics/t/sse", "/v1/topics/t/sse?after=p0"]);
  expect(pauses.map(({ code }) => code)).toEqual(["unavailable", "unavailable"]);
  expect(texts).toEqual(["p1=1"]);
});

test("reads no further than its consumer", async () => {
  let pulled = 0;
  const endless = new ReadableStream<Uint8Array>(
    {
      pull(body) {
        pulled++;
        body.enqueue(new TextEncoder().encode(at(`p${pulled}`, "1").repeat(10)));
      },
    },
    { highWaterMark: 0 },
  );
  const { client } = scripted([() => stream(endless)]);
  const subscription = client.subscribe({ topic: "t" }, { from: "earliest" });
  for (let i = 0; i < 15; i++) await subscription.next();
  await Bun.sleep(20);
  expect(pulled).toBeLessThanOrEqual(3);
  await subscription.return();
});

test("ends without an error when its signal aborts, in the middle of a read, a pause or before it began", async () => {
  const open = () =>
    stream(
      new ReadableStream({ start: (body) => body.enqueue(new TextEncoder().encode(preamble)) }),
    );
  for (const answers of [[open], [new Error("refused")]]) {
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 20);
    const { error, texts } = await collect(
      answers,
      { signal: abort.signal },
      { reconnectMs: 60_000 },
    );
    expect([error, texts]).toEqual([undefined, []]);
  }
  const { requests, error } = await collect([open], { signal: AbortSignal.abort() });
  expect([requests, error]).toEqual([[], undefined]);
});

test("leaving the loop closes the connection", async () => {
  let cancelled = false;
  const body = new ReadableStream({
    start: (controller) =>
      controller.enqueue(new TextEncoder().encode(`${preamble}${at("p1", "1")}`)),
    cancel: () => {
      cancelled = true;
    },
  });
  const { client } = scripted([() => stream(body)]);
  for await (const _ of client.subscribe({ topic: "t" })) break;
  await Bun.sleep(1);
  expect(cancelled).toBe(true);
});

test("ready() resolves once a live position is known, and rejects as the iteration would", async () => {
  const { client } = scripted([preamble, `${preamble}${end}`]);
  const subscription = client.subscribe({ topic: "t" });
  await subscription.ready();
  expect(subscription.position).toBe("p0");
  expect(await subscription.next()).toEqual({ done: true, value: undefined });

  const refused = scripted([problem(403, "forbidden")]).client.subscribe({ topic: "t" });
  await expect(refused.ready()).rejects.toMatchObject({ code: "forbidden" });
  await expect(refused.next()).rejects.toMatchObject({ code: "forbidden" });
});

test("data is parsed on first use, the text is exact, bytes come back as they were", async () => {
  const bytes = new Uint8Array([0, 255, 10]);
  const body = `${preamble}${at("p1", '{"n":9007199254740993}')}${at("p2", `{"base64":"${bytes.toBase64()}"}`)}${at("p3", "oh, no JSON")}${end}`;
  const { client } = scripted([body]);
  const events = await Array.fromAsync(client.subscribe<{ n: number }>({ topic: "t" }));
  expect(events.map(({ text }) => text)).toEqual([
    '{"n":9007199254740993}',
    '{"base64":"AP8K"}',
    "oh, no JSON",
  ]);
  expect(events[0]?.data).toEqual({ n: 9007199254740992 });
  expect(events[1]?.bytes).toEqual(bytes);
  expect(events[0]?.bytes).toEqual(new TextEncoder().encode('{"n":9007199254740993}'));
  expect(() => events[2]?.data).toThrow(SyntaxError);
});

test("an invalid target is refused at once", () => {
  const { client } = scripted([]);
  expect(() => client.subscribe({} as never)).toThrow("expected { topic, key? } or { emitter }");
  expect(() => client.subscribe({ topic: "a", emitter: "b" } as never)).toThrow(SluiceError);
});
