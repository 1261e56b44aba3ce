/**
 * Entries: the content of one NATS message of a topic, encoded from records and decoded to them.
 *
 * In the layout `records` the payload is the record's value; its other fields are in the subject and
 * the headers. In the layout `frames` the payload is a `sluice.v1.Frame`. The header `Sluice-Frame`
 * marks frames. A record that fits no header line is therefore stored as a frame of one, and any
 * message of another NATS client reads as a record.
 *
 * Positions are cursors: `(s, 0)` is after the whole entry `s`, `(s, i)` after the first `i` records
 * of the entry `s + 1`. The last record of an entry therefore has the index 0, and the stream's first
 * and last sequence give the bounds of a topic, without the number of records in entries that may have
 * been dropped long ago.
 */

import type { Batch } from "../../core/batch.ts";
import type { Turn } from "../../core/budget/turn.ts";
import { Failure, failureFrom } from "../../core/failure.ts";
import { decodeFrame, encodeFrame, visitFrame } from "../../core/frame.ts";
import type { Position } from "../../core/position.ts";
import { bytesType, type LogRecord, recordBytes, type StoredRecord } from "../../core/record.ts";
import type { Layout } from "../../core/topic.ts";
import {
  contentTypeHeader,
  frameHeader,
  type HeaderLines,
  isPlainText,
  parseRecordHeaders,
  renderRecordHeaders,
  schemaHeader,
  timeHeader,
} from "./headers.ts";
import { isKeyInSubject, keyFromSubject, subjectFromKey } from "./subject.ts";

/** A message to publish. */
export interface Entry {
  readonly subject: string;
  /** Header lines, each with its line end. */
  readonly headers: string;
  readonly payload: Uint8Array;
  /** Number of records. */
  readonly count: number;
}

/** A message in the stream. */
export interface StoredEntry {
  readonly sequence: number;
  readonly receivedNs: bigint;
  readonly subject: string;
  readonly headers: HeaderLines;
  readonly payload: Uint8Array;
}

/** Part of a message's size that is left for the header block's frame and the dedup header. */
const headroomBytes = 512;
/** The server refuses a larger header block (64 KiB), whatever the payload. */
const headerBytesMax = 60_000;
/** Few enough that a reader can keep one entry in memory. */
const frameBytesMax = 1024 ** 2;

/** Splits an append into entries that the server accepts. Throws `too_large`. */
export function entriesFromBatch(
  root: string,
  layout: Layout,
  batch: Batch,
  given: { readonly bytesMax: number; readonly nowNs: bigint },
): Entry[] {
  const bytesMax = given.bytesMax - headroomBytes;
  if (layout === "frames" && batch.isEncoded && batch.frame.byteLength <= bytesMax) {
    const headers = `${frameHeader}: ${batch.count}\r\n`;
    return [{ subject: root, headers, payload: batch.frame, count: batch.count }];
  }
  const records = batch.records(given.nowNs);
  if (layout === "records") return records.map((record) => recordEntry(root, record, bytesMax));
  const entries: Entry[] = [];
  let from = 0;
  let bytes = 0;
  for (const [i, record] of records.entries()) {
    const size = recordBytes(record);
    if (i > from && bytes + size > Math.min(bytesMax, frameBytesMax)) {
      entries.push(...frameEntries(root, records.slice(from, i), bytesMax));
      from = i;
      bytes = 0;
    }
    bytes += size;
  }
  entries.push(...frameEntries(root, from === 0 ? records : records.slice(from), bytesMax));
  return entries;
}

function recordEntry(root: string, record: LogRecord, bytesMax: number): Entry {
  const { contentType, schemaId, value } = record;
  const subject = subjectFromKey(root, record.key);
  const isTyped = contentType !== "" && (contentType !== bytesType || schemaId !== 0);
  if (!isKeyInSubject(subject) || (isTyped && !isPlainText(contentType))) {
    return frameEntry(subject, [record], bytesMax);
  }
  let headers = `${timeHeader}: ${record.timeNs}\r\n`;
  if (isTyped) headers = `${contentTypeHeader}: ${contentType}\r\n${headers}`;
  if (schemaId !== 0) headers += `${schemaHeader}: ${schemaId}\r\n`;
  if (record.headers !== undefined) headers += renderRecordHeaders(record.headers);
  if (headers.length > headerBytesMax) return frameEntry(subject, [record], bytesMax);
  if (headers.length + value.byteLength > bytesMax) throw tooLarge(value.byteLength, bytesMax);
  return { subject, headers, payload: value, count: 1 };
}

/** One entry; more when the estimate of its size was too low. */
function frameEntries(root: string, records: readonly LogRecord[], bytesMax: number): Entry[] {
  const payload = encodeFrame(records);
  if (payload.byteLength <= bytesMax || records.length === 1) {
    return [frameEntry(root, records, bytesMax, payload)];
  }
  const half = records.length >>> 1;
  return [
    ...frameEntries(root, records.slice(0, half), bytesMax),
    ...frameEntries(root, records.slice(half), bytesMax),
  ];
}

function frameEntry(
  subject: string,
  records: readonly LogRecord[],
  bytesMax: number,
  payload = encodeFrame(records),
): Entry {
  if (payload.byteLength > bytesMax) throw tooLarge(payload.byteLength, bytesMax);
  const headers = `${frameHeader}: ${records.length}\r\n`;
  return { subject, headers, payload, count: records.length };
}

/** The position of the i-th of an entry's `count` records. */
export function positionInEntry(
  epoch: number,
  sequence: number,
  index: number,
  count: number,
): Position {
  if (index === count - 1) return { epoch, sequence, index: 0 };
  return { epoch, sequence: sequence - 1, index: index + 1 };
}

/** The last entry that must be read for everything up to a position. */
export function entryOfPosition(position: Position): number {
  return position.index === 0 ? position.sequence : position.sequence + 1;
}

/** True for an entry whose header declares its payload a Frame. */
export function isFrame(headers: HeaderLines): boolean {
  return headers.some(([name]) => name === frameHeader);
}

export function recordsFromEntry(root: string, epoch: number, entry: StoredEntry): StoredRecord[] {
  const { sequence, receivedNs } = entry;
  let contentType = "";
  let schemaId = 0;
  let timeNs = receivedNs;
  for (const [name, value] of entry.headers) {
    if (name === frameHeader) {
      const records = tryDecodeFrame(entry.payload, receivedNs);
      if (records !== undefined) {
        const count = records.length;
        return records.map((record, i) => {
          return { record, position: positionInEntry(epoch, sequence, i, count), receivedNs };
        });
      }
    } else if (name.toLowerCase() === "content-type") contentType = value;
    else if (name === schemaHeader) schemaId = (Number.parseInt(value, 10) || 0) >>> 0;
    else if (name === timeHeader && /^-?\d{1,19}$/.test(value)) timeNs = BigInt(value);
  }
  if (contentType === "") contentType = schemaId === 0 ? bytesType : "application/protobuf";
  const key = keyFromSubject(root, entry.subject);
  const headers = parseRecordHeaders(entry.headers);
  const plain = { value: entry.payload, key, contentType, schemaId, timeNs };
  const record = headers === undefined ? plain : { ...plain, headers };
  return [{ record, position: { epoch, sequence, index: 0 }, receivedNs }];
}

/** The same in turns; with a key only its records. */
export async function recordsInTurns(
  root: string,
  epoch: number,
  entry: StoredEntry,
  { turn, key }: { readonly turn: Turn; readonly key: string | undefined },
): Promise<StoredRecord[]> {
  const { sequence, receivedNs, payload, headers } = entry;
  const found: { readonly record: LogRecord; readonly index: number }[] = [];
  if (isFrame(headers)) {
    try {
      const given = { turn, unstampedNs: receivedNs, key };
      const count = await visitFrame(payload, given, (record, index) => {
        found.push({ record, index });
      });
      return found.map(({ record, index }) => {
        return { record, position: positionInEntry(epoch, sequence, index, count), receivedNs };
      });
    } catch (error) {
      if (failureFrom(error).code !== "invalid") throw error;
      // It reads as one record of bytes, as below.
    }
  }
  const records = recordsFromEntry(root, epoch, entry);
  return key === undefined ? records : records.filter(({ record }) => record.key === key);
}

/** Undefined for bytes that are not a frame, which another client may publish under this header. */
function tryDecodeFrame(payload: Uint8Array, unstampedNs: bigint): LogRecord[] | undefined {
  try {
    return decodeFrame(payload, unstampedNs);
  } catch {
    // The reader continues: such an entry reads as one record of bytes.
    return undefined;
  }
}

function tooLarge(bytes: number, bytesMax: number): Failure {
  const message = `Cannot append a record of ${bytes} bytes: the NATS server takes ${bytesMax} at most`;
  return new Failure("too_large", message);
}
