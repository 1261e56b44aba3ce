import { expect, test } from "bun:test";
import { bytesType, recordBytes, type StoredRecord } from "../../core/record.ts";
import type { EncodedRun } from "./encoded-records.ts";
import { LiveBuffer } from "./live-buffer.ts";

const incarnation = { id: "1", epoch: 1, layout: "records" } as const;
const never = new AbortController().signal;

test("before a reader came to the end nothing is known", () => {
  const buffer = new LiveBuffer(incarnation);
  expect(buffer.take(0, undefined)).toBe("behind");
  buffer.join(3);
  expect(buffer.take(3, undefined)).toBe("at the end");
  expect(buffer.take(2, undefined)).toBe("behind");
});

test("what is committed between a reader's fetch and its join is not lost", () => {
  const buffer = new LiveBuffer(incarnation);
  buffer.committed(3, run(4, 5));
  buffer.committed(5, run(6, 6));
  buffer.join(3);
  expect(sequences(buffer.take(3, undefined))).toEqual([4, 5, 6]);
  expect(buffer.take(6, undefined)).toBe("at the end");
});

test("a commit after others' records waits until those are fetched", () => {
  const buffer = joined(3);
  buffer.committed(7, run(8, 9));
  expect(buffer.take(3, undefined)).toBe("at the end");
  expect(buffer.missing).toEqual({ after: 3, until: 7 });
  buffer.fetched(fetched(4, 5), 3);
  expect(buffer.missing).toEqual({ after: 5, until: 7 });
  buffer.fetched(fetched(6, 7), 5);
  expect(sequences(buffer.take(3, undefined))).toEqual([4, 5, 6, 7, 8, 9]);
  expect(buffer.missing).toBeUndefined();
});

test("a commit that was fetched meanwhile is not given twice", () => {
  const buffer = joined(3);
  buffer.committed(5, run(6, 7));
  buffer.fetched(fetched(4, 7), 3);
  expect(sequences(buffer.take(3, undefined))).toEqual([4, 5, 6, 7]);
  buffer.committed(5, run(6, 7));
  expect(buffer.take(7, undefined)).toBe("at the end");
});

test("a fetch that ends inside a commit of this node is followed by another", () => {
  const buffer = joined(3);
  buffer.committed(5, run(6, 9));
  buffer.fetched(fetched(4, 7), 3);
  expect(buffer.missing).toEqual({ after: 7, until: undefined });
  buffer.fetched(fetched(8, 9), 7);
  expect(sequences(buffer.take(3, undefined))).toEqual([4, 5, 6, 7, 8, 9]);
});

test("of a fetch that a commit of this node overtook the rest is taken", () => {
  const buffer = joined(3);
  buffer.committed(3, run(4, 5));
  buffer.fetched(fetched(4, 7), 3);
  expect(sequences(buffer.take(3, undefined))).toEqual([4, 5, 6, 7]);
  buffer.fetched(fetched(6, 7), 5);
  expect(buffer.take(7, undefined)).toBe("at the end");
});

test("a reader inside a chunk gets its rest; one behind the ring is sent to the database", () => {
  const buffer = joined(0);
  buffer.committed(0, run(1, 5));
  expect(sequences(buffer.take(2, undefined))).toEqual([3, 4, 5]);
  for (let i = 5; i < 20; i++) buffer.committed(i, run(i + 1, i + 1, "k", 200_000));
  expect(buffer.take(0, undefined)).toBe("behind");
  expect(sequences(buffer.take(18, undefined))).toEqual([19, 20]);
  // More than the ring holds: not kept, and still the end.
  buffer.committed(20, run(21, 21, "k", 5_000_000));
  expect(buffer.take(20, undefined)).toBe("behind");
  expect(buffer.take(21, undefined)).toBe("at the end");
});

test("a reader of a key sleeps through the others' records, and goes on behind them", async () => {
  const buffer = joined(0);
  const places: number[] = [];
  const waiting = buffer.wait(0, "k", never).then((at) => places.push(at));
  for (let i = 0; i < 5_000; i++) buffer.committed(i, run(i + 1, i + 1, "other"));
  await Promise.resolve();
  expect(places).toEqual([]);
  buffer.committed(5_000, run(5_001, 5_002, "k"));
  await waiting;
  expect(places).toEqual([5_000]);
  expect(sequences(buffer.take(5_000, "k"))).toEqual([5_001, 5_002]);
  expect(buffer.take(5_000, "other")).toEqual({ records: [], through: 5_002 });
});

test("a key's records are found in a chunk of many keys", () => {
  const buffer = joined(0);
  const all = [...records(1, 10, "a"), ...records(11, 20, "b"), ...records(21, 30, "a")];
  buffer.committed(0, heldRun(all));
  expect(sequences(buffer.take(5, "a"))).toEqual([
    6, 7, 8, 9, 10, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30,
  ]);
  expect(sequences(buffer.take(5, "b")).length).toBe(10);
});

test("abort and the end of the buffer wake all waiting readers", async () => {
  const buffer = joined(3);
  const abort = new AbortController();
  const waits = [buffer.wait(3, undefined, abort.signal), buffer.wait(3, "k", abort.signal)];
  abort.abort();
  expect(await Promise.all(waits)).toEqual([3, 3]);
  const others = [buffer.wait(3, undefined, never), buffer.wait(3, "k", never)];
  buffer.close();
  expect(await Promise.all(others)).toEqual([3, 3]);
  expect(buffer.take(3, undefined)).toBe("behind");
  expect(await buffer.wait(3, undefined, never)).toBe(3);
});

function joined(end: number): LiveBuffer {
  const buffer = new LiveBuffer(incarnation);
  buffer.join(end);
  return buffer;
}

function run(first: number, last: number, key = "k", bytes = 1): EncodedRun {
  return heldRun(records(first, last, key, bytes));
}

function heldRun(given: readonly StoredRecord[]): EncodedRun {
  const bytes = given.reduce((sum, { record }) => sum + recordBytes(record), 0);
  return { records: given, count: given.length, bytes };
}

function fetched(first: number, last: number) {
  return { ...run(first, last), through: last };
}

function records(first: number, last: number, key: string, bytes = 1): StoredRecord[] {
  const value = new Uint8Array(bytes);
  return Array.from({ length: last - first + 1 }, (_, i) => ({
    record: { value, key, contentType: bytesType, schemaId: 0, timeNs: 0n },
    position: { epoch: 1, sequence: first + i, index: 0 },
    receivedNs: 0n,
  }));
}

function sequences(taken: ReturnType<LiveBuffer["take"]>): number[] {
  if (typeof taken === "string") throw new Error(`Expected records: the reader is ${taken}`);
  return taken.records.map((each) => each.position.sequence);
}
