/**
 * Encodes and decodes `sluice.v1.Record` and `sluice.v1.Frame` by hand: every record passes here
 * on its way into and out of a log entry, and the generated code's reflective codec takes about
 * ten times as long. The wire form is that of `schemas/sluice/v1/record.proto`,
 * and a test holds it against the generated code.
 */

import { joinInTurns } from "./budget/join.ts";
import type { Turn } from "./budget/turn.ts";
import { bytesType, type LogRecord } from "./record.ts";
import { lossyTextFromUtf8 } from "./utf8.ts";
import { varintBytes, WireCursor, writeVarint } from "./wire.ts";

const utf8 = new TextEncoder();

// Tags: field number << 3 | wire type. A Frame's records, then a Record's fields.
export const FRAME_RECORDS = 0x0a;
export const RECORD_VALUE = 0x0a;
export const RECORD_KEY = 0x12;
export const RECORD_SCHEMA_ID = 0x18;
export const RECORD_CONTENT_TYPE = 0x22;
export const RECORD_TIME_NS = 0x29;
export const RECORD_HEADERS = 0x32;
export const ENTRY_NAME = 0x0a;
export const ENTRY_VALUE = 0x12;

const timeBytes = 8;

/** Shared by all writers: a view of each frame would take longer than the frame (350 of 520 ns). */
const timeView = new DataView(new ArrayBuffer(timeBytes));
const timeScratch = new Uint8Array(timeView.buffer);

/** One Frame of all the records. */
export function encodeFrame(records: readonly LogRecord[]): Uint8Array {
  const sizes = records.map(recordSize);
  let total = 0;
  for (const size of sizes) total += delimitedBytes(size);
  const out = new Uint8Array(total);
  const writer: Writer = { out, at: 0 };
  for (const [i, record] of records.entries()) {
    out[writer.at++] = FRAME_RECORDS;
    writeLength(writer, sizes[i] ?? 0);
    writeRecord(writer, record);
  }
  return out;
}

/** Records that are encoded between two looks at the clock. */
const encodedAtOnce = 500;

/** The same in turns: frames concatenate, as repeated fields do. */
export async function encodeFrameInTurns(
  records: readonly LogRecord[],
  turn: Turn,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for (let from = 0; from < records.length; from += encodedAtOnce) {
    if (turn.isOver) await turn.next();
    const part = encodeFrame(records.slice(from, from + encodedAtOnce));
    parts.push(part);
    length += part.byteLength;
  }
  return await joinInTurns(parts, length, turn);
}

/** Encodes one record after the other into the same memory, for callers that copy each at once. */
export class RecordEncoder {
  readonly bytes: Uint8Array;
  readonly #writer: Writer;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#writer = { out: bytes, at: 0 };
  }

  /** The length of the record's Frame, which begins at 0 in `bytes`; undefined: it does not fit. */
  encode(record: LogRecord): number | undefined {
    const size = recordSize(record);
    const length = delimitedBytes(size);
    if (length > this.bytes.byteLength) return undefined;
    this.#writer.at = 1;
    this.bytes[0] = FRAME_RECORDS;
    writeLength(this.#writer, size);
    writeRecord(this.#writer, record);
    return length;
  }
}

/**
 * The records of a Frame, as views into `bytes`; one without a time has `unstampedNs`. Throws
 * `invalid` where the bytes are not a Frame.
 */
export function decodeFrame(bytes: Uint8Array, unstampedNs = 0n): LogRecord[] {
  const cursor = new WireCursor(bytes, 0, bytes.byteLength, "frame");
  const view = viewOf(bytes);
  const records: LogRecord[] = [];
  while (cursor.at < bytes.byteLength) {
    const tag = cursor.varint();
    if (tag === FRAME_RECORDS) records.push(readRecord(cursor, view, unstampedNs));
    else cursor.skip(tag);
  }
  return records;
}

export interface FrameVisit {
  readonly turn: Turn;
  /** The time of records that have none. */
  readonly unstampedNs: bigint;
  /** Only the records of this key; the others are not decoded. */
  readonly key: string | undefined;
}

/** Records of a Frame between two looks at the clock. */
const visitedAtOnce = 64;

/** The same in turns: visits each record with its index, and returns how many the Frame has. */
export async function visitFrame(
  bytes: Uint8Array,
  { turn, unstampedNs, key }: FrameVisit,
  visit: (record: LogRecord, index: number) => void,
): Promise<number> {
  const cursor = new WireCursor(bytes, 0, bytes.byteLength, "frame");
  const view = viewOf(bytes);
  // Bytes that are not UTF-8 decode to U+FFFD: such a key has more than one spelling.
  const keyBytes = key === undefined || key.includes("\ufffd") ? undefined : utf8.encode(key);
  let index = 0;
  for (let visited = 1; cursor.at < bytes.byteLength; visited++) {
    if (visited % visitedAtOnce === 0 && turn.isOver) await turn.next();
    const tag = cursor.varint();
    if (tag !== FRAME_RECORDS) {
      cursor.skip(tag);
      continue;
    }
    if (keyBytes === undefined || isOfKey(cursor, keyBytes)) {
      const record = readRecord(cursor, view, unstampedNs);
      if (key === undefined || record.key === key) visit(record, index);
    } else cursor.at = cursor.delimited();
    index++;
  }
  return index;
}

/** Whether the record that the cursor is in front of has the key. Does not move the cursor. */
function isOfKey(cursor: WireCursor, key: Uint8Array): boolean {
  const { at, end: outerEnd } = cursor;
  const end = cursor.delimited();
  cursor.end = end;
  let isSame = key.byteLength === 0;
  while (cursor.at < end) {
    const tag = cursor.varint();
    if (tag !== RECORD_KEY) cursor.skip(tag);
    else {
      // The last one counts, as everywhere in protobuf.
      const to = cursor.delimited();
      isSame = isEqualAt(cursor.bytes, cursor.at, to, key);
      cursor.at = to;
    }
  }
  cursor.at = at;
  cursor.end = outerEnd;
  return isSame;
}

function isEqualAt(bytes: Uint8Array, from: number, to: number, expected: Uint8Array): boolean {
  if (to - from !== expected.byteLength) return false;
  for (let i = 0; i < expected.byteLength; i++) if (bytes[from + i] !== expected[i]) return false;
  return true;
}

/** Where the record with this index begins: its tag. */
export function offsetOf(frame: Uint8Array, index: number): number {
  const cursor = new WireCursor(frame, 0, frame.byteLength, "frame");
  for (let left = index; left > 0; left--) cursor.skip(cursor.varint());
  return cursor.at;
}

interface Writer {
  readonly out: Uint8Array;
  at: number;
}

function recordSize(record: LogRecord): number {
  let size = 9;
  if (record.value.byteLength > 0) size += delimitedBytes(record.value.byteLength);
  if (record.key !== "") size += delimitedBytes(utf8Length(record.key));
  if (record.schemaId !== 0) size += 1 + varintBytes(record.schemaId);
  if (record.contentType !== "") size += delimitedBytes(utf8Length(record.contentType));
  for (const name in record.headers) {
    size += delimitedBytes(headerSize(name, record.headers[name]));
  }
  return size;
}

function headerSize(name: string, value: Uint8Array | undefined): number {
  return delimitedBytes(utf8Length(name)) + delimitedBytes(value?.byteLength ?? 0);
}

function writeRecord(writer: Writer, record: LogRecord): void {
  if (record.value.byteLength > 0) writeBytes(writer, RECORD_VALUE, record.value);
  if (record.key !== "") writeText(writer, RECORD_KEY, record.key);
  if (record.schemaId !== 0) {
    writer.out[writer.at++] = RECORD_SCHEMA_ID;
    writeLength(writer, record.schemaId);
  }
  if (record.contentType !== "") writeText(writer, RECORD_CONTENT_TYPE, record.contentType);
  writer.out[writer.at++] = RECORD_TIME_NS;
  writeTime(writer, record.timeNs);
  for (const name in record.headers) {
    const value = record.headers[name] ?? new Uint8Array(0);
    writer.out[writer.at++] = RECORD_HEADERS;
    writeLength(writer, headerSize(name, value));
    writeText(writer, ENTRY_NAME, name);
    writeBytes(writer, ENTRY_VALUE, value);
  }
}

/** Values up to this size are copied byte by byte: `set` takes twice as long for 2 bytes, and as long for 32. */
const copiedBytesMax = 32;

function writeBytes(writer: Writer, tag: number, bytes: Uint8Array): void {
  writer.out[writer.at++] = tag;
  const length = bytes.byteLength;
  writeLength(writer, length);
  if (length <= copiedBytesMax) {
    for (let i = 0; i < length; i++) writer.out[writer.at++] = bytes[i] ?? 0;
    return;
  }
  writer.out.set(bytes, writer.at);
  writer.at += length;
}

/** ASCII texts up to this length are written byte by byte: the encoder needs a view, which takes 100 ns. */
const copiedTextMax = 64;

function writeText(writer: Writer, tag: number, value: string): void {
  writer.out[writer.at++] = tag;
  const length = utf8Length(value);
  writeLength(writer, length);
  if (length === value.length && length <= copiedTextMax) {
    for (let i = 0; i < length; i++) writer.out[writer.at++] = value.charCodeAt(i);
  } else writer.at += utf8.encodeInto(value, writer.out.subarray(writer.at)).written;
}

function writeLength(writer: Writer, value: number): void {
  writer.at = writeVarint(writer.out, writer.at, value);
}

/** Of a whole field: its tag, which has one byte here, its length and its value. */
function delimitedBytes(length: number): number {
  return 1 + varintBytes(length) + length;
}

function utf8Length(value: string): number {
  for (let i = 0; i < value.length; i++) {
    if (value.charCodeAt(i) > 0x7f) return utf8.encode(value).byteLength;
  }
  return value.length;
}

function writeTime(writer: Writer, ns: bigint): void {
  timeView.setBigInt64(0, ns, true);
  for (let i = 0; i < timeBytes; i++) writer.out[writer.at++] = timeScratch[i] ?? 0;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function readRecord(cursor: WireCursor, view: DataView, unstampedNs: bigint): LogRecord {
  const outerEnd = cursor.end;
  const end = cursor.delimited();
  cursor.end = end;
  let value = noBytes;
  let key = "";
  let schemaId = 0;
  let contentType = "";
  let timeNs = 0n;
  let headers: { [name: string]: Uint8Array } | undefined;
  while (cursor.at < end) {
    const tag = cursor.varint();
    if (tag === RECORD_VALUE) value = cursor.view(cursor.delimited());
    else if (tag === RECORD_KEY) key = lossyTextFromUtf8(cursor.view(cursor.delimited()));
    else if (tag === RECORD_SCHEMA_ID) schemaId = cursor.varint() >>> 0;
    else if (tag === RECORD_CONTENT_TYPE) {
      contentType = lossyTextFromUtf8(cursor.view(cursor.delimited()));
    } else if (tag === RECORD_TIME_NS) {
      const at = cursor.at;
      cursor.skip(tag);
      timeNs = view.getBigInt64(at, true);
    } else if (tag === RECORD_HEADERS) readHeader(cursor, (headers ??= withoutPrototype()));
    else cursor.skip(tag);
  }
  cursor.end = outerEnd;
  if (contentType === "") contentType = schemaId === 0 ? bytesType : "application/protobuf";
  if (timeNs === 0n) timeNs = unstampedNs;
  const record = { value, key, contentType, schemaId, timeNs };
  return headers === undefined ? record : { ...record, headers };
}

const noBytes: Uint8Array = new Uint8Array(0);

/** A header may be called `__proto__`. */
function withoutPrototype(): { [name: string]: Uint8Array } {
  return Object.create(null) as { [name: string]: Uint8Array };
}

function readHeader(cursor: WireCursor, into: { [name: string]: Uint8Array }): void {
  const outerEnd = cursor.end;
  const end = cursor.delimited();
  cursor.end = end;
  let name = "";
  let value = noBytes;
  while (cursor.at < end) {
    const tag = cursor.varint();
    if (tag === ENTRY_NAME) name = lossyTextFromUtf8(cursor.view(cursor.delimited()));
    else if (tag === ENTRY_VALUE) value = cursor.view(cursor.delimited());
    else cursor.skip(tag);
  }
  cursor.end = outerEnd;
  into[name] = value;
}
