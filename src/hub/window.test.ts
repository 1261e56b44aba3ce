import { fullGC, heapStats } from "bun:jsc";
import { describe, expect, test } from "bun:test";
import { decodeFrame, encodeFrame } from "../core/frame.ts";
import type { Position } from "../core/position.ts";
import { jsonType, recordBytes, residentBytes, type StoredRecord } from "../core/record.ts";
import { Window } from "./window.ts";

const epoch = 7;

function at(sequence: number, index = 0): Position {
  return { epoch, sequence, index };
}

function stored(sequence: number, key = "", index = 0): StoredRecord {
  const value = new Uint8Array(36);
  const record = { value, key, contentType: jsonType, schemaId: 0, timeNs: 0n };
  return { record, position: at(sequence, index), receivedNs: 0n };
}

/** Sequences 1 to `count`, of the keys in turn. */
function filled(count: number, bytesMax: number, keys = [""]): Window {
  const window = new Window(at(0), bytesMax);
  for (let i = 1; i <= count; i++) window.push(stored(i, keys[i % keys.length]));
  return window;
}

function sequences(records: readonly StoredRecord[]): number[] {
  return records.map(({ position }) => position.sequence);
}

const everything = Number.POSITIVE_INFINITY;
const size = residentBytes(stored(1).record);

describe("window slice", () => {
  test("is what lies after one position, up to and including another", () => {
    const slice = filled(9, everything).slice(at(3), at(6), undefined, everything);
    expect(sequences(slice.records)).toEqual([4, 5, 6]);
    expect(slice.through).toEqual(at(6));
  });

  test("ends at the requested position when nothing of the key lies between", () => {
    const slice = filled(9, everything, ["a", "b"]).slice(at(2), at(3), "a", everything);
    expect(slice).toEqual({ records: [], through: at(3) });
  });

  test("of a key leaves the others out", () => {
    const slice = filled(9, everything, ["a", "b"]).slice(at(0), at(9), "b", everything);
    expect(sequences(slice.records)).toEqual([1, 3, 5, 7, 9]);
  });

  test("cut at its bytes ends after the last record that fits", () => {
    const slice = filled(9, everything).slice(
      at(0),
      at(9),
      undefined,
      recordBytes(stored(1).record) * 3,
    );
    expect(sequences(slice.records)).toEqual([1, 2, 3]);
    expect(slice.through).toEqual(at(3));
  });

  test("has at least one record, however large", () => {
    const slice = filled(9, everything).slice(at(4), at(9), undefined, 1);
    expect(sequences(slice.records)).toEqual([5]);
    expect(slice.through).toEqual(at(5));
  });

  test("goes on in the middle of a frame", () => {
    const window = new Window(at(0), everything);
    for (const index of [0, 1, 2]) window.push(stored(1, "", index));
    const slice = window.slice(at(1, 0), at(1, 1), undefined, everything);
    expect(slice.records.map(({ position }) => position.index)).toEqual([1]);
  });
});

describe("window trim", () => {
  test("drops the oldest past the bound and moves the start", () => {
    const window = filled(9, size * 4);
    window.trim(at(9));
    expect(window.after).toEqual(at(5));
    expect(window.bytes).toBe(size * 4);
    expect(sequences(window.slice(at(0), at(9), undefined, everything).records)).toEqual([
      6, 7, 8, 9,
    ]);
  });

  test("keeps what was not flushed yet, past the bound", () => {
    const window = filled(9, size * 4);
    window.trim(at(2));
    expect(window.after).toEqual(at(2));
    expect(window.bytes).toBe(size * 7);
  });

  test("drops a key's records with the others", () => {
    const window = filled(9, residentBytes(stored(1, "a").record) * 4, ["a", "b"]);
    window.trim(at(9));
    expect(sequences(window.slice(at(0), at(9), "a", everything).records)).toEqual([6, 8]);
    window.push(stored(10, "c"));
    for (let i = 11; i <= 20; i++) window.push(stored(i, "d"));
    window.trim(at(20));
    expect(window.slice(at(0), at(20), "a", everything).records).toEqual([]);
    expect(window.slice(at(0), at(20), "c", everything).records).toEqual([]);
    expect(sequences(window.slice(at(0), at(20), "d", everything).records)).toEqual([
      17, 18, 19, 20,
    ]);
  });

  test("drops what was received before a time, unless it was not flushed yet", () => {
    const window = new Window(at(0), everything);
    for (let i = 1; i <= 9; i++) window.push({ ...stored(i), receivedNs: BigInt(i) });
    window.dropReceivedBefore(4n, at(9));
    expect(window.after).toEqual(at(3));
    expect(window.bytes).toBe(size * 6);
    window.dropReceivedBefore(100n, at(7));
    expect(window.after).toEqual(at(7));
    window.dropReceivedBefore(100n, at(9));
    expect([window.after, window.bytes]).toEqual([at(9), 0]);
  });

  test("slices right after many rounds", () => {
    const window = new Window(at(0), size * 3);
    for (let i = 1; i <= 5000; i++) {
      window.push(stored(i));
      window.trim(at(i));
    }
    expect(window.after).toEqual(at(4997));
    expect(sequences(window.slice(at(4998), at(5000), undefined, everything).records)).toEqual([
      4999, 5000,
    ]);
  });
});

test("a full window takes about as much memory as it counts, however small its records", () => {
  const bytesMax = 8 * 1024 ** 2;
  for (const valueBytes of [20, 200, 2000]) {
    const window = new Window(at(0), bytesMax);
    const value = new Uint8Array(valueBytes);
    const record = { value, key: "k", contentType: jsonType, schemaId: 0, timeNs: 2n ** 62n };
    fullGC();
    const before = heapStats().heapSize;
    for (let i = 1; window.bytes < bytesMax; i++) {
      // As a log leaves them: each is a view into the bytes of its commit.
      for (const decoded of decodeFrame(encodeFrame([record]))) {
        window.push({ record: decoded, position: at(i), receivedNs: 2n ** 62n });
      }
    }
    fullGC();
    const taken = (heapStats().heapSize - before) / window.bytes;
    expect(taken).toBeGreaterThan(0.6);
    expect(taken).toBeLessThan(1.4);
  }
});
