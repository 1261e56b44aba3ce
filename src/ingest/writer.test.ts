import { expect, test } from "bun:test";
import { slowCollector } from "../../test/support/slow-collector.ts";
import { until } from "../../test/support/until.ts";
import { Caller, openCaller } from "../core/access/caller.ts";
import { Portion } from "../core/access/portion.ts";
import { Turns } from "../core/budget/turn.ts";
import { Failure } from "../core/failure.ts";
import { comparePositions } from "../core/position.ts";
import { bytesOf, jsonType, type LogRecord } from "../core/record.ts";
import { defaultIngestLimits } from "./limits.ts";
import { Author } from "./topic-rules.ts";
import { Writer } from "./writer.ts";

const topic = "written";
const turns = new Turns();

async function rig(inFlightBytesMax = 32 * 1024 * 1024) {
  const limits = { ...defaultIngestLimits, inFlightBytesMax };
  const { log, appends, state, inFlight, collector } = await slowCollector(topic, limits);
  return {
    log,
    appends,
    inFlight,
    writer: new Writer(collector, topic, new Author("tests")),
    fail(failure: Failure | undefined) {
      state.failing = failure;
    },
  };
}

function record(i: number, bytes = 10): LogRecord {
  const value = new TextEncoder().encode(JSON.stringify({ i, pad: "x".repeat(bytes) }));
  return { value, key: `k${i}`, contentType: jsonType, schemaId: 0, timeNs: BigInt(i + 1) };
}

async function kept({ log }: Pick<Awaited<ReturnType<typeof rig>>, "log">) {
  const found: LogRecord[] = [];
  const { end } = await log.bounds(topic);
  for await (const { records } of log.read(topic, { after: "earliest", until: end })) {
    found.push(...records.map((stored) => stored.record));
  }
  return found;
}

test("records of many callers share appends, each is answered with its own position", async () => {
  const set = await rig();
  const records = Array.from({ length: 500 }, (_, i) => record(i, i % 50 === 0 ? 40_000 : 20));
  const appending = records.map((one) => set.writer.append(one, openCaller));
  expect(set.writer.pending).toBe(500);
  const positions = await Promise.all(appending);
  expect(set.writer.pending).toBe(0);
  expect(set.inFlight.bytes).toBe(0);
  expect(set.appends.length).toBeLessThan(20);
  const sorted = positions.toSorted(comparePositions);
  expect(positions).toEqual(sorted);
  expect(new Set(positions.map((p) => `${p.sequence}-${p.index}`)).size).toBe(500);
  expect(await kept(set)).toEqual(records);
});

test("a lone caller is not kept waiting", async () => {
  const set = await rig();
  for (let i = 0; i < 5; i++) await set.writer.append(record(i), openCaller);
  expect(set.appends).toEqual([1, 1, 1, 1, 1]);
});

test("many at once are cut into frames, in their order; the answer is the last position", async () => {
  const set = await rig();
  expect(await set.writer.appendAll([], turns.open(), openCaller)).toBeUndefined();
  const records = Array.from({ length: 3000 }, (_, i) => record(i, 300));
  const [last, other] = await Promise.all([
    set.writer.appendAll(records, turns.open(), openCaller),
    set.writer.append(record(9999), openCaller),
  ]);
  expect(set.appends.length).toBeGreaterThan(3);
  const all = await kept(set);
  expect(all.filter(({ key }) => key !== "k9999")).toEqual(records);
  const { end } = await set.log.bounds(topic);
  expect([last, other].toSorted((a, b) => comparePositions(a ?? end, b ?? end)).at(-1)).toEqual(
    end,
  );
});

/** Turns whose slices have two steps; a round of their loop comes when it is called. */
function slowTurns() {
  let nowMs = 0;
  const later: (() => void)[] = [];
  const turns = new Turns({
    elapsedMs: () => (nowMs += 3),
    later: (callback) => void later.push(callback),
  });
  const round = () => {
    for (const callback of later.splice(0)) callback();
  };
  return { turns, round };
}

test("many at once are encoded in turns, and are all in flight from the beginning", async () => {
  const set = await rig(4 * 1024 * 1024);
  const { turns: busy, round } = slowTurns();
  const records = Array.from({ length: 20_000 }, (_, i) => record(i, 1));
  const caller = new Caller(openCaller.principal);
  caller.portion = new Portion();
  const appending = set.writer.appendAll(records, busy.open(), caller);
  // Encoded it is less: the account has what is not encoded yet as well.
  expect(set.inFlight.bytes).toBeGreaterThan(bytesOf(records) * 0.9);
  expect(caller.portion.bytes).toBe(set.inFlight.bytes);
  // Others, and the same caller, see what they do not have to themselves.
  const more = records.concat(records);
  for (const by of [caller, openCaller]) {
    await expect(set.writer.appendAll(more, busy.open(), by)).rejects.toMatchObject({
      code: "overloaded",
    });
  }
  let rounds = 0;
  const timer = setInterval(() => {
    rounds++;
    round();
  }, 1);
  await appending;
  clearInterval(timer);
  expect(rounds).toBeGreaterThan(3);
  expect(await kept(set)).toEqual(records);
  expect([set.inFlight.bytes, caller.portion.bytes, set.writer.pending]).toEqual([0, 0, 0]);
});

test("nothing stays counted of a caller that leaves in between", async () => {
  const set = await rig();
  const { turns: busy, round } = slowTurns();
  const caller = new Caller(openCaller.principal);
  caller.portion = new Portion();
  const left = new AbortController();
  const records = Array.from({ length: 20_000 }, (_, i) => record(i, 1));
  const appending = set.writer.appendAll(records, busy.open(left.signal), caller);
  left.abort();
  const timer = setInterval(round, 1);
  await expect(appending).rejects.toMatchObject({ code: "cancelled" });
  clearInterval(timer);
  await until("what was encoded is durable", 5000, () => Promise.resolve(set.inFlight.bytes === 0));
  expect([caller.portion.bytes, set.writer.pending]).toEqual([0, 0]);
  const { length } = await kept(set);
  expect(length).toBeGreaterThan(0);
  expect(length).toBeLessThan(records.length);
});

test("a failure of the log reaches each caller; nothing stays counted", async () => {
  const set = await rig();
  set.fail(new Failure("unavailable", "The log is unavailable"));
  const failed = await Promise.allSettled([
    set.writer.append(record(1), openCaller),
    set.writer.append(record(2), openCaller),
    set.writer.appendAll([record(3), record(4)], turns.open(), openCaller),
  ]);
  expect(failed.map((one) => one.status === "rejected" && one.reason.code)).toEqual([
    "unavailable",
    "unavailable",
    "unavailable",
  ]);
  expect([set.writer.pending, set.inFlight.bytes]).toEqual([0, 0]);
  set.fail(undefined);
  await set.writer.append(record(5), openCaller);
  expect((await kept(set)).map(({ key }) => key)).toEqual(["k5"]);
});

test("past what may be in flight records are refused, and taken again afterwards", async () => {
  const set = await rig(1000);
  const first = set.writer.append(record(1, 2000), openCaller);
  await expect(Promise.try(() => set.writer.append(record(2), openCaller))).rejects.toMatchObject({
    code: "overloaded",
    retryAfterMs: 1000,
  });
  await expect(set.writer.appendAll([record(3)], turns.open(), openCaller)).rejects.toMatchObject({
    code: "overloaded",
  });
  await first;
  await set.writer.append(record(4), openCaller);
  expect((await kept(set)).map(({ key }) => key)).toEqual(["k1", "k4"]);
});
