import { expect, test } from "bun:test";
import { eventually } from "../../../../test/support/eventually.ts";
import { frameOf } from "../../../../test/support/measurement-frames.ts";
import { systemClock as clock } from "../../../core/clock.ts";
import { Failure } from "../../../core/failure.ts";
import { decodeFrame, encodeFrame } from "../../../core/frame.ts";
import type { LogBatch, StoredFrame } from "../../../core/log.ts";
import { silent as logger } from "../../../core/logger.ts";
import { comparePositions, type Position } from "../../../core/position.ts";
import { jsonType, type LogRecord, type StoredRecord } from "../../../core/record.ts";
import { defaultTopicSettings } from "../../../core/topic.ts";
import { createMemoryLog, type MemoryLog } from "../../../log/memory/memory-log.ts";
import { measurementsTopic as topic, valuesToNumbers } from "../measurement.ts";
import { notifyCommits, Unprojected } from "./unprojected.ts";

const utf8 = new TextEncoder();

function record(tag: string, time: number, value: number): LogRecord {
  return {
    value: utf8.encode(JSON.stringify({ time, tag, values: [value] })),
    key: tag,
    contentType: jsonType,
    schemaId: 0,
    timeNs: 1n,
  };
}

/** A log, the position of the projection, and a tail that follows both. */
async function withTail(
  use: (rig: {
    readonly log: MemoryLog;
    readonly tail: Unprojected;
    readonly store: { position: Position | undefined };
    readonly seen: (tag: string) => (readonly [number, number | undefined])[];
  }) => Promise<void>,
  bytesMax?: number,
): Promise<void> {
  const log = createMemoryLog({ clock });
  const store: { position: Position | undefined } = { position: undefined };
  const stop = new AbortController();
  const tail = new Unprojected({
    log,
    position: async () => store.position,
    clock,
    logger,
    signal: stop.signal,
    pollMs: 10,
    ...(bytesMax === undefined ? {} : { bytesMax }),
  });
  const seen = (tag: string) =>
    tail.of(tag).map((one) => [Number(one.timeNs), valuesToNumbers(one)[0]] as const);
  try {
    await use({ log, tail, store, seen });
  } finally {
    stop.abort();
    await tail.done;
    await log.close();
  }
}

test("has what the log has and the projection does not, by time; the last wins", async () => {
  await withTail(async ({ log, tail, store, seen }) => {
    // No topic yet, so nothing is missing.
    await eventually(() => expect(tail.isComplete).toBe(true));
    await log.create(topic, defaultTopicSettings);
    const first = await log.append(topic, [record("a", 5, 1), record("b", 1, 1)]);
    const second = await log.append(topic, [
      record("a", 3, 2),
      record("a", 5, 3),
      record("a", 4, 4),
      { ...record("a", 9, 9), value: utf8.encode("none") },
    ]);
    await eventually(() =>
      expect(seen("a")).toEqual([
        [3, 2],
        [4, 4],
        [5, 3],
      ]),
    );
    const newest = [...tail.newest()].map(([tag, { timeNs }]) => [tag, timeNs]);
    expect(newest).toEqual([
      ["a", 5n],
      ["b", 1n],
    ]);
    expect(tail.of("c")).toEqual([]);

    // A snapshot does not change afterwards.
    const snapshot = tail.of("a");
    tail.committed(first.last);
    expect(seen("a")).toEqual([
      [3, 2],
      [4, 4],
      [5, 3],
    ]);
    expect(tail.of("b")).toEqual([]);
    // Another node's projection: its position is polled.
    store.position = second.at(0);
    await eventually(() =>
      expect(seen("a")).toEqual([
        [4, 4],
        [5, 3],
      ]),
    );
    tail.committed(second.last);
    expect(tail.of("a")).toEqual([]);
    expect(snapshot).toHaveLength(3);
    await eventually(() => expect(tail.behindMs).toBe(0));
    expect(tail.status()).toMatchObject({ measurements: 0, bytes: 0, complete: true });
  });
});

test("past its bound the oldest are dropped, and it is incomplete until the projection has them", async () => {
  await withTail(async ({ log, tail, seen }) => {
    await log.create(topic, defaultTopicSettings);
    const all = await log.append(
      topic,
      Array.from({ length: 100 }, (_, i) => record("a", i, i)),
    );
    await eventually(() => expect(seen("a").at(-1)).toEqual([99, 99]));
    expect(tail.status().bytes).toBeLessThan(2_300);
    expect(seen("a").length).toBeWithin(20, 60);
    expect(tail.isComplete).toBe(false);
    const missing = 100 - seen("a").length;
    tail.committed(all.at(missing - 2));
    expect(tail.isComplete).toBe(false);
    tail.committed(all.at(missing - 1));
    await eventually(() => expect(tail.isComplete).toBe(true));
  }, 2_300);
});

test("a recreated topic is read from its beginning", async () => {
  await withTail(async ({ log, tail, store, seen }) => {
    await log.create(topic, defaultTopicSettings);
    const former = await log.append(topic, [record("a", 1, 1)]);
    store.position = former.last;
    await eventually(() => expect(tail.isComplete).toBe(true));
    await log.append(topic, [record("a", 2, 2)]);
    await eventually(() => expect(seen("a")).toEqual([[2, 2]]));
    await log.remove(topic);
    await log.create(topic, defaultTopicSettings);
    await log.append(topic, [record("a", 3, 3)]);
    // The projection skips to the new life; until then its position cannot be read from.
    const { start } = await log.bounds(topic);
    store.position = start;
    await eventually(() => expect(seen("a")).toEqual([[3, 3]]));
    await eventually(() => expect(tail.isComplete).toBe(true));
  });
});

test("an unavailable log makes it late, not wrong", async () => {
  const log = createMemoryLog({ clock });
  await log.create(topic, defaultTopicSettings);
  let isAway = false;
  const stop = new AbortController();
  const away = () => {
    if (isAway) throw new Failure("unavailable", "The log is unavailable");
  };
  const tail = new Unprojected({
    log: {
      bounds: async (name) => {
        away();
        return await log.bounds(name);
      },
      async *read(name, options) {
        for await (const batch of log.read(name, options)) {
          away();
          yield batch;
        }
      },
    },
    position: async () => undefined,
    clock,
    logger,
    signal: stop.signal,
    pollMs: 10,
  });
  await log.append(topic, [record("a", 1, 1)]);
  await eventually(() => expect(tail.of("a")).toHaveLength(1));
  isAway = true;
  await log.append(topic, [record("a", 2, 2)]);
  await eventually(() => expect(tail.behindMs).toBeGreaterThan(50));
  expect(tail.of("a")).toHaveLength(1);
  isAway = false;
  await eventually(() => expect(tail.of("a")).toHaveLength(2));
  await eventually(() => expect(tail.behindMs).toBe(0));
  stop.abort();
  await tail.done;
  await log.close();
});

test("the tail, read first, and the store together have everything at any moment", async () => {
  await withTail(async ({ log, tail }) => {
    await log.create(topic, defaultTopicSettings);
    const rows = new Map<number, number>();
    const target = notifyCommits(
      {
        name: "measurements",
        topic,
        position: async () => undefined,
        skip: async () => {},
        commit: async (records) => {
          for (const { record } of records) rows.set(Number(record.key), 1);
        },
      },
      tail,
    );
    let appended = 0;
    let committed = 0;
    const positions: Position[] = [];
    for (let round = 0; round < 300; round++) {
      const records = Array.from({ length: 7 }, (_, i) => ({
        ...record("a", appended + i, 0),
        key: String(appended + i),
      }));
      const done = await log.append(topic, records);
      for (let i = 0; i < records.length; i++) positions.push(done.at(i));
      appended += records.length;
      if (round % 3 === 0) {
        // Any part of what is in the log, as a projection's batches are cut.
        const to = Math.min(appended, committed + 11);
        const part = positions.slice(committed, to).map((position, i) => ({
          record: { ...record("a", 0, 0), key: String(committed + i) },
          position,
          receivedNs: 0n,
        }));
        await target.commit(part, undefined, positions[to - 1] ?? done.last);
        committed = to;
      }
      await new Promise((resolve) => setTimeout(resolve, 0));
      const snapshot = tail.of("a").map(({ timeNs }) => Number(timeNs));
      const both = new Set([...snapshot, ...rows.keys()]);
      // Without a gap from the first: what the tail has not read yet is at the end alone.
      expect([...both].toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: both.size }, (_, i) => i),
      );
    }
    await eventually(() => expect(tail.of("a")).toHaveLength(appended - committed));
  });
});

test("frames are taken like their records, from any writer", async () => {
  const own = frameOf([
    ["a", 5n, [1]],
    ["b", 1n, [1]],
    ["a", 4n, [2]],
  ]);
  const foreign = encodeFrame([record("a", 5, 3), record("é", 1, 4)]);
  const broken = Uint8Array.of(...own, 0x0a, 0x7f);
  const at = (sequence: number): Position => ({ epoch: 1, sequence, index: 0 });
  const stored = (bytes: Uint8Array, sequence: number) =>
    decodeFrame(bytes).map((one, i, { length }): StoredRecord => {
      const position = i === length - 1 ? at(sequence) : { ...at(sequence - 1), index: i + 1 };
      return { record: one, position, receivedNs: 1n };
    });
  const undecodable = { ...record("c", 1, 1), value: broken, contentType: "application/protobuf" };
  let decoded = 0;
  const batches: LogBatch[] = [
    {
      frames: [frame(own, 1)],
      get records() {
        decoded++;
        return stored(own, 1);
      },
      through: at(1),
    },
    {
      frames: [frame(own, 2), frame(foreign, 3), frame(own, 4)],
      records: [...stored(own, 2), ...stored(foreign, 3), ...stored(own, 4)],
      through: at(4),
    },
    {
      frames: [frame(broken, 5)],
      records: [{ record: undecodable, position: at(5), receivedNs: 1n }],
      through: at(5),
    },
  ];
  function frame(bytes: Uint8Array, sequence: number): StoredFrame {
    return { bytes, receivedNs: 1n, last: at(sequence) };
  }
  const stop = new AbortController();
  const tail = new Unprojected({
    log: {
      bounds: async () => ({ epoch: 1, start: at(0), end: at(5) }),
      async *read(_, { after }) {
        for (const batch of batches) {
          if (after !== "earliest" && comparePositions(batch.through, after) > 0) yield batch;
        }
        await new Promise((resolve) => stop.signal.addEventListener("abort", resolve));
      },
    },
    position: async () => undefined,
    clock,
    logger,
    signal: stop.signal,
    pollMs: 10,
  });
  const seen = (tag: string) =>
    tail.of(tag).map((one) => [Number(one.timeNs), valuesToNumbers(one)[0]]);
  await eventually(() => expect(tail.isComplete).toBe(true));
  // Decoding is most of what a record costs here, and a frame of this gateway needs none.
  expect(decoded).toBe(0);
  // Three of each own frame, two of the foreign one, none of the broken one.
  expect(tail.status().measurements).toBe(3 * 3 + 2);
  expect(seen("a")).toEqual([
    [4, 2],
    [5, 1],
  ]);
  expect(seen("é")).toEqual([[1, 4]]);
  // Up to the foreign frame: of time 5 its value would be the newest otherwise.
  tail.committed(at(3));
  expect(tail.status().measurements).toBe(3);
  tail.committed(at(5));
  expect(tail.status()).toMatchObject({ measurements: 0, bytes: 0 });
  stop.abort();
  await tail.done;
});

test("the projection may wait while less than half of the memory is used", async () => {
  await withTail(async ({ log, tail }) => {
    await log.create(topic, defaultTopicSettings);
    expect(tail.hasRoom).toBe(true);
    const all = await log.append(
      topic,
      Array.from({ length: 100 }, (_, i) => record("a", i, i)),
    );
    await eventually(() => expect(tail.hasRoom).toBe(false));
    expect(tail.isComplete).toBe(true);
    tail.committed(all.at(70));
    expect(tail.hasRoom).toBe(true);
  }, 8_000);
});
