import { expect, test } from "bun:test";
import { slowCollector } from "../../test/support/slow-collector.ts";
import { Failure } from "../core/failure.ts";
import { comparePositions } from "../core/position.ts";
import { jsonType, type LogRecord } from "../core/record.ts";
import { defaultIngestLimits } from "./limits.ts";
import { Author } from "./topic-rules.ts";
import { Writer } from "./writer.ts";

const topic = "written";

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
  const appending = records.map((one) => set.writer.append(one));
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
  for (let i = 0; i < 5; i++) await set.writer.append(record(i));
  expect(set.appends).toEqual([1, 1, 1, 1, 1]);
});

test("many at once are cut into frames, in their order; the answer is the last position", async () => {
  const set = await rig();
  expect(await set.writer.appendAll([])).toBeUndefined();
  const records = Array.from({ length: 3000 }, (_, i) => record(i, 300));
  const [last, other] = await Promise.all([
    set.writer.appendAll(records),
    set.writer.append(record(9999)),
  ]);
  expect(set.appends.length).toBeGreaterThan(3);
  const all = await kept(set);
  expect(all.filter(({ key }) => key !== "k9999")).toEqual(records);
  const { end } = await set.log.bounds(topic);
  expect([last, other].toSorted((a, b) => comparePositions(a ?? end, b ?? end)).at(-1)).toEqual(
    end,
  );
});

test("a failure of the log reaches each caller; nothing stays counted", async () => {
  const set = await rig();
  set.fail(new Failure("unavailable", "The log is unavailable"));
  const failed = await Promise.allSettled([
    set.writer.append(record(1)),
    set.writer.append(record(2)),
    set.writer.appendAll([record(3), record(4)]),
  ]);
  expect(failed.map((one) => one.status === "rejected" && one.reason.code)).toEqual([
    "unavailable",
    "unavailable",
    "unavailable",
  ]);
  expect([set.writer.pending, set.inFlight.bytes]).toEqual([0, 0]);
  set.fail(undefined);
  await set.writer.append(record(5));
  expect((await kept(set)).map(({ key }) => key)).toEqual(["k5"]);
});

test("past what may be in flight records are refused, and taken again afterwards", async () => {
  const set = await rig(1000);
  const first = set.writer.append(record(1, 2000));
  await expect(Promise.try(() => set.writer.append(record(2)))).rejects.toMatchObject({
    code: "overloaded",
    retryAfterMs: 1000,
  });
  await expect(set.writer.appendAll([record(3)])).rejects.toMatchObject({ code: "overloaded" });
  await first;
  await set.writer.append(record(4));
  expect((await kept(set)).map(({ key }) => key)).toEqual(["k1", "k4"]);
});
