import { expect, test } from "bun:test";
import { Allowances } from "../../core/access/allowance.ts";
import { Caller, openCaller } from "../../core/access/caller.ts";
import { Portion } from "../../core/access/portion.ts";
import { Turns } from "../../core/budget/turn.ts";
import { type Clock, systemClock } from "../../core/clock.ts";
import type { LogDriver } from "../../core/log.ts";
import { bytesOf, jsonType, type LogRecord } from "../../core/record.ts";
import { defaultTopicSettings } from "../../core/topic.ts";
import { InFlight } from "../../ingest/in-flight.ts";
import { Ingest } from "../../ingest/ingest.ts";
import { defaultIngestLimits } from "../../ingest/limits.ts";
import { SchemaGate } from "../../ingest/schema-gate.ts";
import { TopicRules } from "../../ingest/topic-rules.ts";
import { createMemoryLog } from "../../log/memory/memory-log.ts";
import type { CopyJob, CopyProgress } from "./copy.ts";
import { sendRecords } from "./sender.ts";

/** Each wait is over at once, and moves the time. */
function hastyClock(): Clock {
  let nowMs = 1_700_000_000_000;
  return {
    nowMs: () => nowMs,
    nowNs: () => BigInt(nowMs) * 1_000_000n,
    after(ms, callback) {
      let isCancelled = false;
      setImmediate(() => {
        if (isCancelled) return;
        nowMs += Math.ceil(ms);
        callback();
      });
      return () => {
        isCancelled = true;
      };
    },
  };
}

const record = (i: number, bytes: number): LogRecord => ({
  value: new TextEncoder().encode(JSON.stringify("x".repeat(bytes - 2))),
  key: `k${i}`,
  contentType: jsonType,
  schemaId: 0,
  timeNs: BigInt(i + 1),
});

interface RigOptions {
  readonly driver?: LogDriver["driver"];
  readonly inFlightBytesMax?: number;
}

/** Copies from topic "from" to topic "to", which does not exist. */
async function rig(
  records: readonly LogRecord[],
  { driver = "memory", inFlightBytesMax = 32 * 1024 * 1024 }: RigOptions = {},
) {
  const clock = hastyClock();
  const memory = createMemoryLog({ clock: systemClock });
  await memory.create("from", defaultTopicSettings);
  for (const one of records) await memory.append("from", [one]);
  const inFlight = new InFlight(inFlightBytesMax);
  /** The bytes of each append, and what was in flight meanwhile. */
  const appends: { readonly bytes: number; readonly inFlight: number }[] = [];
  const creates: string[] = [];
  const log: LogDriver = {
    driver,
    async append(topic, batch, options) {
      const given = "count" in batch ? batch.records(0n) : batch;
      appends.push({ bytes: bytesOf(given), inFlight: inFlight.bytes });
      return await memory.append(topic, batch, options);
    },
    create(topic, settings) {
      creates.push(topic);
      return memory.create(topic, settings);
    },
    // Of JetStream it is this that the sender asks for.
    describe: () => Promise.resolve(undefined),
    read: (topic, options) => memory.read(topic, options),
    bounds: (topic) => memory.bounds(topic),
    positionAt: (topic, receivedNs) => memory.positionAt(topic, receivedNs),
    close: () => memory.close(),
    list: () => memory.list(),
    ping: () => Promise.resolve(),
    count: () => memory.count(),
    change: (topic, change) => memory.change(topic, change),
    remove: (topic) => memory.remove(topic),
  };
  const turns = new Turns();
  const schemas = { check: (_rule: unknown, all: readonly unknown[]) => all.map(() => undefined) };
  const ingest = new Ingest({
    ...{ log, clock, turns, inFlight, limits: defaultIngestLimits },
    gate: new SchemaGate({ log, schemas }),
    rules: new TopicRules(),
    newTopics: defaultTopicSettings,
  });
  const progress: CopyProgress[] = [];
  const store = {
    advance: (_id: string, _readBefore: number, to: CopyProgress) => {
      progress.push(to);
      return Promise.resolve(true);
    },
  };
  const { start, end } = await memory.bounds("from");
  const job: CopyJob = {
    ...{ id: "job", life: "life", source: "from", target: "to", filter: {}, state: "running" },
    ...{ after: start, until: end, position: start, rate: 100_000, creator: undefined },
    ...{ read: 0, matched: 0, sent: 0, refused: 0, lastRefusal: undefined, failure: undefined },
    ...{ createdMs: 0, changedMs: 0 },
  };
  const filters = { compile: () => Promise.resolve(undefined) };
  const deps = { log, ingest, filters, store, turns, clock };
  const run = (by: Caller, stop = new AbortController().signal) => sendRecords(deps, job, by, stop);
  const copied = async () => {
    const found: LogRecord[] = [];
    const bounds = await memory.bounds("to");
    for await (const batch of memory.read("to", { after: "earliest", until: bounds.end })) {
      found.push(...batch.records.map((stored) => stored.record));
    }
    return found.map(({ key }) => key);
  };
  return { run, clock, appends, creates, inFlight, progress, copied };
}

const kilobytes = (count: number) => Array.from({ length: count }, (_, i) => record(i, 1024));
const keysOf = (records: readonly LogRecord[]) => records.map(({ key }) => key);
const mebibyte = 1024 * 1024;

function limitedCaller(
  clock: Clock,
  limits: { recordsPerSecond?: number; createsPerHour?: number },
) {
  const none = { requestsPerSecond: 0, recordsPerSecond: 0, bytesPerSecond: 0, streamsMax: 0 };
  const caller = new Caller(openCaller.principal);
  const all = { ...none, createsPerHour: 0, ...limits };
  caller.allowance = new Allowances(all, clock, () => {}).of("key:a");
  caller.portion = new Portion();
  return caller;
}

test("a chunk has at most a mebibyte, or one record; the progress is that of its last record", async () => {
  const large = Array.from({ length: 25 }, (_, i) => record(i, i === 12 ? mebibyte : 100_000));
  const { run, appends, progress, copied, inFlight } = await rig(large);
  expect(await run(openCaller)).toBe(true);
  // Each record has some hundred bytes more here: where it is from.
  const sizes = appends.map(({ bytes }) => bytes).filter((bytes) => bytes < mebibyte);
  expect(Math.max(...sizes)).toBeGreaterThan(mebibyte * 0.9);
  expect(appends.map(({ bytes }) => bytes > mebibyte * 1.1)).not.toContain(true);
  expect(progress.map(({ read, sent }) => [read, sent])).toEqual([
    [10, 10],
    [12, 12],
    [13, 13],
    [23, 23],
    [25, 25],
  ]);
  expect(await copied()).toEqual(keysOf(large));
  expect(inFlight.bytes).toBe(0);
});

test("records with dedup ids are admitted together, once each, also past the bound of what is in flight", async () => {
  const records = kilobytes(300);
  const set = await rig(records, { driver: "jetstream", inFlightBytesMax: 100_000 });
  const caller = limitedCaller(set.clock, { createsPerHour: 1 });
  expect(await set.run(caller)).toBe(true);
  expect(await set.copied()).toEqual(keysOf(records));
  // The chunk, and not only the record of the append: and one that is refused has stored nothing.
  expect(Math.min(...set.appends.map(({ inFlight }) => inFlight))).toBeGreaterThan(300 * 1024);
  expect(set.creates).toEqual(["to"]);
  expect([set.inFlight.bytes, caller.portion?.bytes]).toEqual([0, 0]);
});

test("a job rests while its creator has a debt, and ends at once when it is stopped then", async () => {
  const set = await rig(kilobytes(2000));
  const startedMs = set.clock.nowMs();
  expect(await set.run(limitedCaller(set.clock, { recordsPerSecond: 100 }))).toBe(true);
  // A hundred at once, and the last chunk's debt is left.
  expect(set.clock.nowMs() - startedMs).toBeGreaterThanOrEqual(((2000 - 100 - 500) / 100) * 1000);

  const caller = limitedCaller(systemClock, { recordsPerSecond: 1 });
  caller.allowance?.spend(1_000_000, 0);
  const stop = new AbortController();
  const other = await rig(kilobytes(10));
  const running = other.run(caller, stop.signal);
  setTimeout(() => stop.abort(), 10);
  expect(await running).toBe(false);
  expect(other.appends).toEqual([]);
});
