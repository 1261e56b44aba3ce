/** Entries: rows of `log_entries`, each a run of records with adjacent sequences. */

import type { Batch } from "../../core/batch.ts";
import type { Turn } from "../../core/budget/turn.ts";
import { decodeFrame, visitFrame } from "../../core/frame.ts";
import type { StoredRecord } from "../../core/record.ts";
import type { Layout } from "../../core/topic.ts";
import { delimitedEnd } from "../../core/wire.ts";
import { keyHash } from "./key-hash.ts";

/** Size of a row besides its frame (headers, columns, its part of two indexes); counted in a topic's bytes. */
export const entryOverheadBytes = 100;

/** Size at which a run is closed, so that a page, or a reader that begins inside it, decodes little in vain. */
const entryBytesMax = 256 * 1024;

/** The same for records of a few bytes: decoding as many takes some 15 ms. */
const entryRecordsMax = 16_384;

/** The rows of one commit, column by column; sequences and offsets count from 0. */
export interface EntryColumns {
  readonly lasts: number[];
  readonly counts: number[];
  readonly hashes: (number | null)[];
  readonly offsets: number[];
  readonly lengths: number[];
}

/**
 * Cuts encoded records into entries. Frames concatenate (a repeated field does), so a run is a
 * slice of the joined bytes and nothing is encoded twice.
 */
export function entriesOf(appends: readonly Batch[], layout: Layout): EntryColumns {
  const columns: EntryColumns = { lasts: [], counts: [], hashes: [], offsets: [], lengths: [] };
  let sequence = 0;
  let offset = 0;
  let runStart = 0;
  let runCount = 0;
  let runKey = "";
  const closeRun = () => {
    if (runCount === 0) return;
    columns.lasts.push(sequence);
    columns.counts.push(runCount);
    columns.hashes.push(layout === "frames" || runKey === "" ? null : keyHash(runKey));
    columns.offsets.push(runStart);
    columns.lengths.push(offset - runStart);
    runStart = offset;
    runCount = 0;
  };
  const fits = (bytes: number, count: number) =>
    offset + bytes - runStart <= entryBytesMax && runCount + count <= entryRecordsMax;
  for (const batch of appends) {
    const { frame, count } = batch;
    if (layout === "frames") {
      if (!fits(frame.byteLength, count)) closeRun();
      if (fits(frame.byteLength, count)) {
        runCount += count;
        sequence += count;
        offset += frame.byteLength;
        continue;
      }
    }
    // Only the layout `records` needs keys: frames are cut without being decoded.
    const records = layout === "records" ? batch.records(0n) : undefined;
    let at = 0;
    for (let i = 0; i < count; i++) {
      const length = delimitedEnd(frame, at + 1) - at;
      const key = records?.[i]?.key ?? "";
      if (key !== runKey || !fits(length, 1)) closeRun();
      runKey = key;
      runCount++;
      sequence++;
      at += length;
      offset += length;
    }
  }
  closeRun();
  return columns;
}

export interface EntryRow {
  readonly last_seq: string;
  readonly count: number;
  readonly received_ns: string;
  readonly frame: Uint8Array;
}

/** The records of an entry, with their positions. */
export function recordsOf(row: EntryRow, epoch: number): StoredRecord[] {
  const receivedNs = BigInt(row.received_ns);
  const first = Number(row.last_seq) - row.count + 1;
  return decodeFrame(row.frame, receivedNs).map((record, i) => ({
    record,
    position: { epoch, sequence: first + i, index: 0 },
    receivedNs,
  }));
}

/** The same in turns; with a key only its records. */
export async function recordsInTurns(
  row: EntryRow,
  epoch: number,
  { turn, key }: { readonly turn: Turn; readonly key: string | undefined },
): Promise<StoredRecord[]> {
  const receivedNs = BigInt(row.received_ns);
  const first = Number(row.last_seq) - row.count + 1;
  const records: StoredRecord[] = [];
  const given = { turn, unstampedNs: receivedNs, key };
  await visitFrame(row.frame, given, (record, i) => {
    records.push({ record, position: { epoch, sequence: first + i, index: 0 }, receivedNs });
  });
  return records;
}
