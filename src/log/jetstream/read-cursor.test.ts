import { expect, test } from "bun:test";
import { decodeFrame, encodeFrame } from "../../core/frame.ts";
import type { ReadOptions } from "../../core/log.ts";
import type { Position } from "../../core/position.ts";
import { bytesType, type LogRecord } from "../../core/record.ts";
import { DecodedEntries } from "./decoded.ts";
import type { StoredEntry } from "./entry.ts";
import { frameHeader } from "./headers.ts";
import { ReadCursor } from "./read-cursor.ts";
import type { TopicIncarnation } from "./stream.ts";

const incarnation = {
  topic: "t",
  stream: "SLUICE-t",
  epoch: 7,
  root: "sluice.t",
  layout: "frames",
} as TopicIncarnation;
const perEntry = 3;

function record(text: string): LogRecord {
  const value = new TextEncoder().encode(text);
  return { value, key: text, contentType: bytesType, schemaId: 0, timeNs: 1n };
}

function entry(sequence: number, isFrame = true): StoredEntry {
  const texts = Array.from({ length: perEntry }, (_, i) => `${sequence}.${i}`);
  return {
    sequence,
    receivedNs: BigInt(sequence),
    subject: "sluice.t",
    headers: isFrame ? [[frameHeader, String(perEntry)]] : [],
    payload: encodeFrame(texts.map(record)),
  };
}

function batchOf(options: Partial<ReadOptions>, entries: readonly StoredEntry[]) {
  const after = { epoch: 7, sequence: 0, index: 0 };
  const at = options.after === "earliest" ? after : (options.after ?? after);
  const cursor = new ReadCursor(
    incarnation,
    at,
    { after, ...options },
    new DecodedEntries().of(incarnation),
  );
  return cursor.batch(entries, entries.at(-1)?.sequence ?? 0);
}

const at = (sequence: number, index: number): Position => ({ epoch: 7, sequence, index });
const entries = [1, 2, 3].map((sequence) => entry(sequence));

test("frames are returned where all of them are whole, and contain the records", () => {
  for (const [options, wanted] of [
    [{}, [1, 2, 3]],
    [{ after: "earliest" as const }, [1, 2, 3]],
    [{ until: at(3, 0) }, [1, 2, 3]],
    // The last record of an entry is the entry's end.
    [{ after: at(0, 1) }, undefined],
    [{ until: at(2, 1) }, undefined],
    [{ key: "1.1" }, undefined],
  ] as const) {
    const batch = batchOf(options, entries);
    expect(batch.frames?.map(({ last }) => last)).toEqual(wanted?.map((one) => at(one, 0)));
    if (batch.frames === undefined) continue;
    const inFrames = batch.frames.flatMap(({ bytes }) => decodeFrame(bytes));
    expect(inFrames).toEqual(batch.records.map((stored) => stored.record));
  }
});

test("an entry that is not a frame leaves the records as they are", () => {
  const mixed = [entry(1), entry(2, false)];
  expect(batchOf({}, mixed).frames).toBeUndefined();
  expect(batchOf({}, mixed).records).toHaveLength(perEntry + 1);
});

test("records behind the start, up to the end, and of the key are given, and the position moves", () => {
  const keys = (options: Partial<ReadOptions>) =>
    batchOf(options, entries).records.map(({ record: { key } }) => key);
  expect(keys({ after: at(0, 2) }).slice(0, 2)).toEqual(["1.2", "2.0"]);
  expect(keys({ until: at(1, 2) })).toEqual(["1.0", "1.1", "1.2", "2.0", "2.1"]);
  expect(keys({ key: "2.1" })).toEqual(["2.1"]);
  expect(batchOf({ until: at(1, 2) }, entries).through).toEqual(at(1, 2));
  expect(batchOf({}, entries).through).toEqual(at(3, 0));
});
