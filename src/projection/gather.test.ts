import { expect, test } from "bun:test";
import { systemClock as clock } from "../core/clock.ts";
import type { LogBatch } from "../core/log.ts";
import type { Position } from "../core/position.ts";
import type { StoredRecord } from "../core/record.ts";
import { gather } from "./gather.ts";

const value = new TextEncoder().encode("x");
const at = (sequence: number): Position => ({ epoch: 1, sequence, index: 0 });

function stored(sequence: number): StoredRecord {
  const record = { value, key: "k", contentType: "text/plain", schemaId: 0, timeNs: 1n };
  return { record, position: at(sequence), receivedNs: 1n };
}

/** Batches of these sizes, after each other; `gap`: positions without a record after each batch. */
async function* batches(sizes: readonly number[], gap = 0): AsyncGenerator<LogBatch> {
  let sequence = 0;
  for (const size of sizes) {
    const records = Array.from({ length: size }, () => stored(++sequence));
    sequence += gap;
    yield { records, through: at(sequence) };
  }
}

async function gathered(source: AsyncIterable<LogBatch>): Promise<LogBatch[]> {
  const limits = { records: 2000, bytes: 4 * 1024 * 1024, ms: 50 };
  return await Array.fromAsync(gather(source, { limits, clock, idle: () => {} }));
}

test("small batches become one", async () => {
  const all = await gathered(batches([1, 2, 0, 3], 1));
  expect(all.map(({ records, through }) => [records.length, through])).toEqual([[6, at(10)]]);
});

test("a commit of many records becomes batches of the limit, each through its last record", async () => {
  const all = await gathered(batches([10_000, 1], 5));
  expect(all.map(({ records }) => records.length)).toEqual([2000, 2000, 2000, 2000, 2000, 1]);
  expect(all.flatMap(({ records }) => records.map(({ position }) => position.sequence))).toEqual([
    ...Array.from({ length: 10_000 }, (_, i) => i + 1),
    10_006,
  ]);
  expect(all.map(({ through }) => through.sequence)).toEqual([
    2000, 4000, 6000, 8000, 10_005, 10_011,
  ]);
});
