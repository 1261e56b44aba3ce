/**
 * Encodes and decodes `sluice.v1.Record` and `sluice.v1.Frame` by hand: every record passes here
 * on its way into and out of a log entry, and the generated code's reflective codec takes about
 * ten times as long. The wire form is that of `schemas/sluice/v1/record.proto`,
 * and a test holds it against the generated code.
 */
import { Failure } from "./failure.ts";
import { bytesType, type LogRecord } from "./record.ts";

const utf8 = new TextEncoder();
const text = new TextDecoder();

// Tags: field number << 3 | wire type.
const FRAME_RECORDS = 0x0a;
const VALUE = 0x0a;
const KEY = 0x12;
const SCHEMA_ID = 0x18;
const CONTENT_TYPE = 0x22;
const TIME_NS = 0x29;
const HEADERS = 0x32;
const ENTRY_NAME = 0x0a;
const ENTRY_VALUE = 0x12;

/** One Frame of all the records. */
export function encodeFrame(records: readonly LogRecord[]): Uint8Array {
  const sizes = records.map(recordSize);
  let total = 0;
  for (const size of sizes) total += 1 + varintSize(size) + size;
  const out = new Uint8Array(total);
  const writer: Writer = { out, view: new DataView(out.buffer), at: 0 };
  for (const [i, record] of records.entries()) {
    out[writer.at++] = FRAME_RECORDS;
    writeVarint(writer, sizes[i] ?? 0);
    writeRecord(writer, record);
  }
  return out;
}

/** Encodes one record after the other into the same memory, for those who copy each on at once. */
export class RecordEncoder {
  readonly bytes: Uint8Array;
  readonly #writer: Writer;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#writer = { out: bytes, view: viewOf(bytes), at: 0 };
  }

  /** The length of the record's Frame, which lies in `bytes` from 0; undefined: it finds no room. */
  encode(record: LogRecord): number | undefined {
    const size = recordSize(record);
    const length = delimited(size);
    if (length > this.bytes.byteLength) return undefined;
    this.#writer.at = 1;
    this.bytes[0] = FRAME_RECORDS;
    writeVarint(this.#writer, size);
    writeRecord(this.#writer, record);
    return length;
  }
}

/**
 * The records of a Frame, as views into `bytes`; one without a time has `unstampedNs`. Throws
 * `invalid` on bytes that are none.
 */
export function decodeFrame(bytes: Uint8Array, unstampedNs = 0n): LogRecord[] {
  const reader: Reader = { bytes, view: viewOf(bytes), at: 0, end: bytes.byteLength };
  const records: LogRecord[] = [];
  while (reader.at < reader.end) {
    const tag = readVarint(reader);
    if (tag === FRAME_RECORDS) records.push(readRecord(reader, readVarint(reader), unstampedNs));
    else skipField(reader, tag);
  }
  return records;
}

/** Where the record with this index begins: its tag. */
export function offsetOf(frame: Uint8Array, index: number): number {
  const reader: Reader = { bytes: frame, view: viewOf(frame), at: 0, end: frame.byteLength };
  for (let left = index; left > 0; left--) skipField(reader, readVarint(reader));
  return reader.at;
}

interface Writer {
  readonly out: Uint8Array;
  readonly view: DataView;
  at: number;
}

function recordSize(record: LogRecord): number {
  let size = 9;
  if (record.value.byteLength > 0) size += delimited(record.value.byteLength);
  if (record.key !== "") size += delimited(utf8Length(record.key));
  if (record.schemaId !== 0) size += 1 + varintSize(record.schemaId);
  if (record.contentType !== "") size += delimited(utf8Length(record.contentType));
  for (const name in record.headers) size += delimited(headerSize(name, record.headers[name]));
  return size;
}

function headerSize(name: string, value: Uint8Array | undefined): number {
  return delimited(utf8Length(name)) + delimited(value?.byteLength ?? 0);
}

function writeRecord(writer: Writer, record: LogRecord): void {
  if (record.value.byteLength > 0) writeBytes(writer, VALUE, record.value);
  if (record.key !== "") writeText(writer, KEY, record.key);
  if (record.schemaId !== 0) {
    writer.out[writer.at++] = SCHEMA_ID;
    writeVarint(writer, record.schemaId);
  }
  if (record.contentType !== "") writeText(writer, CONTENT_TYPE, record.contentType);
  writer.out[writer.at++] = TIME_NS;
  writer.view.setBigInt64(writer.at, record.timeNs, true);
  writer.at += 8;
  for (const name in record.headers) {
    const value = record.headers[name] ?? new Uint8Array(0);
    writer.out[writer.at++] = HEADERS;
    writeVarint(writer, headerSize(name, value));
    writeText(writer, ENTRY_NAME, name);
    writeBytes(writer, ENTRY_VALUE, value);
  }
}

function writeBytes(writer: Writer, tag: number, bytes: Uint8Array): void {
  writer.out[writer.at++] = tag;
  writeVarint(writer, bytes.byteLength);
  writer.out.set(bytes, writer.at);
  writer.at += bytes.byteLength;
}

function writeText(writer: Writer, tag: number, value: string): void {
  writer.out[writer.at++] = tag;
  writeVarint(writer, utf8Length(value));
  writer.at += utf8.encodeInto(value, writer.out.subarray(writer.at)).written;
}

function writeVarint(writer: Writer, value: number): void {
  let rest = value;
  while (rest > 0x7f) {
    writer.out[writer.at++] = (rest & 0x7f) | 0x80;
    rest = Math.floor(rest / 128);
  }
  writer.out[writer.at++] = rest;
}

function delimited(length: number): number {
  return 1 + varintSize(length) + length;
}

function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 128)) size++;
  return size;
}

function utf8Length(value: string): number {
  for (let i = 0; i < value.length; i++) {
    if (value.charCodeAt(i) > 0x7f) return utf8.encode(value).byteLength;
  }
  return value.length;
}

interface Reader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;
  readonly end: number;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function readRecord(outer: Reader, length: number, unstampedNs: bigint): LogRecord {
  const end = outer.at + length;
  if (end > outer.end) throw malformed("a record reaches past its end");
  const reader: Reader = { bytes: outer.bytes, view: outer.view, at: outer.at, end };
  let value = outer.bytes.subarray(0, 0);
  let key = "";
  let schemaId = 0;
  let contentType = "";
  let timeNs = 0n;
  let headers: { [name: string]: Uint8Array } | undefined;
  while (reader.at < end) {
    const tag = readVarint(reader);
    if (tag === VALUE) value = readBytes(reader);
    else if (tag === KEY) key = text.decode(readBytes(reader));
    else if (tag === SCHEMA_ID) schemaId = readVarint(reader) >>> 0;
    else if (tag === CONTENT_TYPE) contentType = text.decode(readBytes(reader));
    else if (tag === TIME_NS) timeNs = readFixed64(reader);
    else if (tag === HEADERS) readHeader(readBytes(reader), (headers ??= nameless()));
    else skipField(reader, tag);
  }
  outer.at = end;
  if (contentType === "") contentType = schemaId === 0 ? bytesType : "application/protobuf";
  if (timeNs === 0n) timeNs = unstampedNs;
  const record = { value, key, contentType, schemaId, timeNs };
  return headers === undefined ? record : { ...record, headers };
}

/** Without a prototype: a header may be called `__proto__`. */
function nameless(): { [name: string]: Uint8Array } {
  return Object.create(null) as { [name: string]: Uint8Array };
}

function readHeader(entry: Uint8Array, into: { [name: string]: Uint8Array }): void {
  const reader: Reader = { bytes: entry, view: viewOf(entry), at: 0, end: entry.byteLength };
  let name = "";
  let value = entry.subarray(0, 0);
  while (reader.at < reader.end) {
    const tag = readVarint(reader);
    if (tag === ENTRY_NAME) name = text.decode(readBytes(reader));
    else if (tag === ENTRY_VALUE) value = readBytes(reader);
    else skipField(reader, tag);
  }
  into[name] = value;
}

function readBytes(reader: Reader): Uint8Array {
  const length = readVarint(reader);
  const start = reader.at;
  if (start + length > reader.end) throw malformed("a field reaches past its end");
  reader.at = start + length;
  return reader.bytes.subarray(start, reader.at);
}

function readFixed64(reader: Reader): bigint {
  if (reader.at + 8 > reader.end) throw malformed("a fixed64 reaches past its end");
  const value = reader.view.getBigInt64(reader.at, true);
  reader.at += 8;
  return value;
}

function readVarint(reader: Reader): number {
  let value = 0;
  let scale = 1;
  for (let i = 0; i < 10; i++) {
    if (reader.at >= reader.end) throw malformed("a varint reaches past its end");
    const byte = reader.bytes[reader.at++] ?? 0;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
    scale *= 128;
  }
  throw malformed("a varint is longer than 10 bytes");
}

function skipField(reader: Reader, tag: number): void {
  const wireType = tag & 7;
  if (wireType === 0) readVarint(reader);
  else if (wireType === 1) readFixed64(reader);
  else if (wireType === 2) readBytes(reader);
  else if (wireType === 5 && reader.at + 4 <= reader.end) reader.at += 4;
  else throw malformed(`wire type ${wireType} is unknown`);
}

function malformed(what: string): Failure {
  return new Failure("invalid", `Cannot decode frame: ${what}`);
}
