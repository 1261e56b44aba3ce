/**
 * Malformed and hostile calls of the collector's fast gRPC path. Each gets a clear status in bounded
 * time and memory, and other calls are not affected. SLUICE_TEST_SEED repeats a run.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { ClientHttp2Session } from "node:http2";
import { gzipSync } from "node:zlib";
import { peakBytes } from "../../../bench/proc.ts";
import { eventually } from "../../support/eventually.ts";
import { type GatewayProcess, startGateway } from "../../support/gateway.ts";
import { ask } from "../../support/http.ts";
import { seededRandom } from "../../support/random.ts";
import { pause, within } from "../../support/until.ts";
import { record, shown, texts } from "./collector.ts";
import { answersIn, framed, openCall, openSession, type Reply, requestBytes } from "./grpc.ts";
import { consumerOf, take, ways } from "./rpc.ts";

const seed = Number(process.env["SLUICE_TEST_SEED"] ?? 20_261_121);
const mega = 1024 * 1024;
const answerMsMax = 10_000;
/**
 * An idle gateway has 150 MB; garbage of messages of 8 MiB brings it to between 320 and 440 MB. The
 * bomb would add 500.
 */
const peakMegaMax = 600;

const ok = "0";
const invalidArgument = "3";
const internal = "13";
const unimplemented = "12";
const resourceExhausted = "8";

let gateway: GatewayProcess;
let session: ClientHttp2Session;

beforeAll(async () => {
  gateway = await startGateway();
  session = openSession(gateway.grpcUrl);
}, 60_000);

afterAll(async () => {
  session.destroy();
  // A caller's mistake is not a failure of the gateway.
  expect(gateway.log()).not.toContain("call failed");
  const peak = peakBytes(gateway.pid) ?? 0;
  expect({ peakMega: Math.round(peak / mega), fits: peak < peakMegaMax * mega }).toMatchObject({
    fits: true,
  });
  expect(await gateway.stop()).toBe(0);
});

function send(
  method: "Collect" | "Ingest" | "Publish",
  body: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Promise<Reply> {
  const { stream, reply } = openCall(session, method, headers);
  stream.end(body);
  return within(`an answer to ${method}`, answerMsMax, reply);
}

const good = (topic: string, text: string) =>
  framed(requestBytes({ topic, records: [record(text)] }));
const gzip = { "grpc-encoding": "gzip" };

describe.each(["Collect", "Ingest", "Publish"] as const)("%s", (method) => {
  for (const [name, body, code, message, headers] of [
    ["half a prefix", Buffer.of(0, 0), invalidArgument, "cut short"],
    ["less than the prefix says", Buffer.of(0, 0, 0, 0, 9, 1), invalidArgument, "cut short"],
    ["a length of 4 GiB", framed(Buffer.of(1), 0, 0xffff_ffff), resourceExhausted, "4294967295"],
    [
      "a length of one byte past 8 MiB",
      framed(Buffer.of(1), 0, 8 * mega + 1),
      resourceExhausted,
      "at most 8388608",
    ],
    ["bytes that are no message", framed(Buffer.of(0xff, 0xff)), invalidArgument, "decode"],
    ["a record longer than its message", framed(Buffer.of(0x0a, 0x7f, 1)), invalidArgument, "end"],
    ["flags that nobody knows", framed(Buffer.alloc(0), 0x40), invalidArgument, "flags are 64"],
    [
      "compressed without a compression",
      framed(gzipSync("x"), 1),
      internal,
      "names no compression",
    ],
    ["gzip that is not gzip", framed(Buffer.from("nope"), 1), invalidArgument, "is not gzip", gzip],
    [
      "gzip that is cut short",
      framed(gzipSync("x".repeat(1000)).subarray(0, 20), 1),
      invalidArgument,
      "is not gzip",
      gzip,
    ],
  ] as const) {
    test(`${name} gets an error that says so`, async () => {
      const { status, ...reply } = await send(method, body, headers);
      expect({ status, code: reply.code }).toEqual({ status: 200, code });
      expect(reply.message).toContain(message);
    });
  }

  test("500 MB compressed to 500 KB are refused before they are decompressed", async () => {
    const bomb = framed(gzipSync(Buffer.alloc(500 * mega)), 1);
    const replies = await Promise.all(Array.from({ length: 3 }, () => send(method, bomb, gzip)));
    for (const { code, message } of replies) {
      expect({ code, message }).toEqual({
        code: resourceExhausted,
        message: expect.stringContaining("after inflating"),
      });
    }
  });

  test("a message of 9 MiB is refused once its length is known, one of 7 MiB is accepted", async () => {
    const big = (bytes: number) => {
      const records = Array.from({ length: bytes / (mega / 2) }, () => ({
        value: new Uint8Array(mega / 2),
      }));
      return framed(requestBytes({ topic: `big-${method}`, records }));
    };
    expect((await send(method, big(9 * mega))).code).toBe(resourceExhausted);
    const { code, body } = await send(method, big(7 * mega));
    expect(code).toBe(ok);
    expect(answersIn(body).at(-1)).toMatchObject({ accepted: 14n, refused: 0n });
  });
});

test("records before a malformed message are stored, those after it are not", async () => {
  const body = Buffer.concat([
    good("before", "a"),
    good("before", "b"),
    framed(Buffer.of(0xff)),
    good("before", "c"),
  ]);
  expect((await send("Collect", body)).code).toBe(invalidArgument);
  await eventually(async () => expect(await texts(gateway.url, "before")).toEqual(["a", "b"]));
});

test("messages that arrive in pieces of any size are reassembled", async () => {
  const random = seededRandom(seed);
  const expected = Array.from({ length: 200 }, (_, i) => `${i} ${"x".repeat(random.int(300))}`);
  const body = Buffer.concat(expected.map((text) => good("pieces", text)));
  const { stream, reply } = openCall(session, "Collect");
  for (let at = 0; at < body.byteLength;) {
    // Small pieces, so that cuts fall inside prefixes and varints.
    const to = at + 1 + random.int(random.chance(0.1) ? 5000 : 40);
    stream.write(body.subarray(at, to));
    if (random.chance(0.05)) await pause(1);
    at = to;
  }
  stream.end();
  const { code, body: answer } = await within("an answer", answerMsMax, reply);
  expect(code).toBe(ok);
  expect(answersIn(answer)[0]?.accepted).toBe(200n);
  expect({ seed, texts: await texts(gateway.url, "pieces") }).toEqual({ seed, texts: expected });
});

test("random bytes and messages with flipped bits each get an answer, and never INTERNAL", async () => {
  const random = seededRandom(seed);
  const methods = ["Collect", "Ingest", "Publish"] as const;
  const codes = new Map<string, number>();
  let accepted = 0;
  const before = await storedIn(await topicNames());
  for (let round = 0; round < 60; round++) {
    const calls = Array.from({ length: 20 }, (_, i) => {
      const body = Buffer.from(
        random.chance(0.3)
          ? Uint8Array.from({ length: random.int(60) }, () => random.int(256))
          : Buffer.concat([
              good("fuzz", "one"),
              good("fuzz", `two ${"y".repeat(random.int(200))}`),
            ]),
      );
      for (let flips = random.int(4); flips > 0 && body.byteLength > 0; flips--) {
        const at = random.int(body.byteLength);
        body[at] = (body[at] ?? 0) ^ (1 << random.int(8));
      }
      return send(methods[i % 3] ?? "Collect", body, random.chance(0.2) ? gzip : {});
    });
    for (const { status, code = "none", body } of await Promise.all(calls)) {
      expect({ seed, status }).toEqual({ seed, status: 200 });
      if (code === ok) accepted += Number(answersIn(body).at(-1)?.accepted ?? 0);
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
  }
  // gRPC reports UNIMPLEMENTED for a unary call with two messages.
  const known = [ok, invalidArgument, resourceExhausted, unimplemented];
  expect({ seed, codes: [...codes.keys()].filter((code) => !known.includes(code)) }).toEqual({
    seed,
    codes: [],
  });
  expect(codes.get(ok) ?? 0).toBeGreaterThan(50);
  expect(codes.get(invalidArgument) ?? 0).toBeGreaterThan(50);
  // Every stored record must be readable, because one that is not would stop each reader.
  const names = await topicNames();
  expect((await storedIn(names)) - before).toBeGreaterThanOrEqual(accepted);
  const consumer = consumerOf(ways["gRPC on the RPC port"](gateway));
  const start = { case: "earliest", value: true } as const;
  const expected = (await shown(gateway.url, "fuzz")).length;
  const { values } = await within(
    "a subscription to read it all",
    answerMsMax,
    take(consumer, { topic: "fuzz", start }, expected),
  );
  expect(values.length).toBe(expected);
}, 30_000);

test("a thousand streams on one connection, all open at once", async () => {
  const calls = Array.from({ length: 1000 }, () => openCall(session, "Collect"));
  for (const [i, { stream }] of calls.entries()) stream.write(good("thousand", `${i}`));
  for (const { stream } of calls) stream.end(good("thousand", "last"));
  const replies = await within(
    "a thousand answers",
    answerMsMax,
    Promise.all(calls.map(({ reply }) => reply)),
  );
  expect(replies.filter(({ code }) => code !== ok)).toEqual([]);
  const stored = await texts(gateway.url, "thousand");
  expect(stored.length).toBe(2000);
  expect(new Set(stored).size).toBe(1001);
});

test("a stream that never ends delays no other call, and its records are stored", async () => {
  const { stream, reply } = openCall(session, "Collect");
  stream.write(good("endless", "0"));
  let brought = 1;
  const timer = setInterval(() => stream.write(good("endless", `${brought++}`)), 5);
  const others = await Promise.all(
    Array.from({ length: 100 }, (_, i) => send("Publish", good("others", `${i}`))),
  );
  expect(others.map(({ code }) => code)).toEqual(others.map(() => ok));
  await eventually(async () =>
    expect((await texts(gateway.url, "endless")).length).toBeGreaterThan(20),
  );
  clearInterval(timer);
  stream.close(8);
  await reply;
  await eventually(async () =>
    expect(await texts(gateway.url, "endless")).toEqual(
      Array.from({ length: brought }, (_, i) => `${i}`),
    ),
  );
});

test("prefixes that announce 8 MiB, without a message behind them, take no memory", async () => {
  const before = await residentMega();
  const calls = Array.from({ length: 900 }, () => openCall(session, "Collect"));
  for (const { stream } of calls) stream.write(framed(Buffer.of(0x0a), 0, 8 * mega));
  await pause(300);
  expect((await residentMega()) - before).toBeLessThan(100);
  for (const { stream } of calls) stream.end();
  const replies = await Promise.all(calls.map(({ reply }) => reply));
  expect(new Set(replies.map(({ code }) => code))).toEqual(new Set([invalidArgument]));
});

async function topicNames(): Promise<readonly string[]> {
  const { topics } = (await ask("GET", `${gateway.url}/v1/topics`)).json;
  return topics.map(({ name }: { name: string }) => name);
}

async function storedIn(topics: readonly string[]): Promise<number> {
  const all = await Promise.all(topics.map((topic) => shown(gateway.url, topic)));
  return all.reduce((sum, records) => sum + records.length, 0);
}

async function residentMega(): Promise<number> {
  const { memory_bytes: bytes } = (await ask("GET", `${gateway.url}/status`)).json;
  return bytes / mega;
}
