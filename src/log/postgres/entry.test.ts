import { expect, test } from "bun:test";
import { Batch } from "../../core/batch.ts";
import { bytesType, type LogRecord } from "../../core/record.ts";
import { entriesOf, recordsOf } from "./entry.ts";
import { keyHash } from "./key-hash.ts";

test("in the layout `records` an entry is a run of one key, across appends", () => {
  const appends = [encoded("a", "a", "b"), encoded("b"), encoded("", ""), encoded("a")];
  const entries = entriesOf(appends, "records");
  expect(entries.counts).toEqual([2, 2, 2, 1]);
  expect(entries.lasts).toEqual([2, 4, 6, 7]);
  expect(entries.hashes).toEqual([keyHash("a"), keyHash("b"), null, keyHash("a")]);
  expect(keysOf(appends, entries)).toEqual([["a", "a"], ["b", "b"], ["", ""], ["a"]]);
});

test("in the layout `frames` an entry has the records that are committed together, and no key", () => {
  const appends = [encoded("a", "b"), encoded("c")];
  const entries = entriesOf(appends, "frames");
  expect(entries.counts).toEqual([3]);
  expect(entries.hashes).toEqual([null]);
  expect(keysOf(appends, entries)).toEqual([["a", "b", "c"]]);
});

test("a run is closed before it grows large, and a large record is a separate entry", () => {
  const value = new Uint8Array(100_000);
  const large = new Uint8Array(1_000_000);
  const records = [value, value, value, large, value].map((each) => ({
    ...recordOf("k"),
    value: each,
  }));
  const appends = [Batch.of(records)];
  for (const layout of ["records", "frames"] as const) {
    expect(entriesOf(appends, layout).counts).toEqual([2, 1, 1, 1]);
  }
});

test("a run of tiny records is closed by their number, in frames and records alike", () => {
  const small = (count: number) =>
    Batch.encoded(
      Uint8Array.from({ length: count * 2 }, (_, i) => (i % 2 === 0 ? 0x0a : 0)),
      count,
    );
  expect(entriesOf([small(10_000), small(6000), small(500)], "frames").counts).toEqual([
    16_000, 500,
  ]);
  for (const layout of ["records", "frames"] as const) {
    expect(entriesOf([small(20_000)], layout).counts).toEqual([16_384, 3616]);
  }
});

test("the records of an entry have adjacent sequences that end at its own", () => {
  const { frame } = encoded("a", "a", "a");
  const row = { last_seq: "12", count: 3, received_ns: "1700000000000000001", frame };
  const records = recordsOf(row, 5);
  expect(records.map((each) => each.position)).toEqual(
    [10, 11, 12].map((sequence) => ({ epoch: 5, sequence, index: 0 })),
  );
  expect(records[0]?.receivedNs).toBe(1_700_000_000_000_000_001n);
});

function recordOf(key: string): LogRecord {
  return { value: new Uint8Array([1]), key, contentType: bytesType, schemaId: 0, timeNs: 1n };
}

function encoded(...keys: string[]): Batch {
  return Batch.of(keys.map(recordOf));
}

/** The keys of each entry, read from its slice of the joined frames. */
function keysOf(appends: readonly Batch[], entries: ReturnType<typeof entriesOf>): string[][] {
  const joined = Buffer.concat(appends.map((each) => each.frame));
  return entries.offsets.map((offset, i) => {
    const frame = joined.subarray(offset, offset + (entries.lengths[i] ?? 0));
    const row = {
      last_seq: `${entries.lasts[i]}`,
      count: entries.counts[i] ?? 0,
      received_ns: "0",
      frame,
    };
    return recordsOf(row, 1).map((each) => each.record.key);
  });
}
