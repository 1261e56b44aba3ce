import { expect, test } from "bun:test";
import { encodeFrame } from "../../core/frame.ts";
import { bytesType } from "../../core/record.ts";
import { DecodedEntries } from "./decoded.ts";
import type { StoredEntry } from "./entry.ts";
import { frameHeader } from "./headers.ts";
import type { TopicIncarnation } from "./stream.ts";

const incarnation = {
  topic: "t",
  stream: "SLUICE-t",
  epoch: 7,
  root: "sluice.t",
} as TopicIncarnation;

function entry(
  sequence: number,
  text: string,
  receivedNs = BigInt(sequence),
  size = 0,
): StoredEntry {
  const value = new TextEncoder().encode(text.padEnd(size));
  const record = { value, key: "", contentType: bytesType, schemaId: 0, timeNs: 0n };
  return {
    sequence,
    receivedNs,
    subject: "sluice.t",
    headers: [[frameHeader, "2"]],
    payload: encodeFrame([record, record]),
  };
}

function texts(decoded: DecodedEntries, given: StoredEntry): string[] {
  return decoded
    .of(incarnation)
    .records(given)
    .map(({ record }) => new TextDecoder().decode(record.value).trim());
}

test("an entry is decoded once for all its readers", () => {
  const decoded = new DecodedEntries();
  const first = decoded.of(incarnation).records(entry(1, "a"));
  expect(decoded.of(incarnation).records(entry(1, "a"))).toBe(first);
  expect(first.map(({ position }) => position)).toEqual([
    { epoch: 7, sequence: 0, index: 1 },
    { epoch: 7, sequence: 1, index: 0 },
  ]);
});

test("a sequence that is reused, in this incarnation or another, is another entry", () => {
  const decoded = new DecodedEntries();
  expect(texts(decoded, entry(1, "a"))).toEqual(["a", "a"]);
  expect(texts(decoded, entry(1, "b", 9n))).toEqual(["b", "b"]);
  expect(texts(decoded, entry(1, "b", 9n))).toEqual(["b", "b"]);
  const next = decoded.of({ ...incarnation, epoch: 8 }).records(entry(1, "c", 9n));
  expect(next.map(({ position }) => position.epoch)).toEqual([8, 8]);
});

test("what is kept is bounded in entries and in bytes", () => {
  const decoded = new DecodedEntries();
  const first = decoded.of(incarnation).records(entry(1, "a"));
  for (let i = 2; i <= 65; i++) decoded.of(incarnation).records(entry(i, "a"));
  expect(decoded.of(incarnation).records(entry(1, "a"))).not.toBe(first);
  const large = decoded.of(incarnation).records(entry(100, "a", 100n, 300_000));
  expect(decoded.of(incarnation).records(entry(100, "a", 100n, 300_000))).toBe(large);
  decoded.of(incarnation).records(entry(101, "a", 101n, 300_000));
  expect(decoded.of(incarnation).records(entry(100, "a", 100n, 300_000))).not.toBe(large);
});
