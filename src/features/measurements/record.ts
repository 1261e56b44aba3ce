/**
 * Measurements as records of the log: `sluice.v1.Measurement` with the tag as key, written and read
 * by hand. The generated code takes ten times as long, and creates an array of the values, which
 * are copied here as bytes, from the request to the row. Fields may be read in any order, and JSON
 * records are read as well, in the form that `POST /save` takes.
 */

import { Buffer } from "node:buffer";
import { Failure, invalidField } from "../../core/failure.ts";
import {
  FRAME_RECORDS,
  RECORD_CONTENT_TYPE,
  RECORD_KEY,
  RECORD_TIME_NS,
  RECORD_VALUE,
} from "../../core/frame.ts";
import { isDotSegment } from "../../core/parse.ts";
import { isJsonType, type LogRecord } from "../../core/record.ts";
import { textFromUtf8 } from "../../core/utf8.ts";
import { varintBytes, WireCursor, writeVarint } from "../../core/wire.ts";
import { MeasurementScanner } from "./intake/scanner.ts";
import {
  type Measurement,
  shortTagBytesMax,
  tagBytesMax,
  valueBytes,
  valuesMax,
} from "./measurement.ts";
import { int64FromHalves, type Point, tagIssue } from "./point.ts";

/** The content type of the records that `PointWriter` writes. */
export const measurementType = "application/protobuf";

// Tags of a Measurement's fields: field number << 3 | wire type.
export const TIME = 0x09;
export const TAG = 0x12;
export const PACKED_VALUES = 0x1a;
const ONE_VALUE = 0x19;

export const typeBytes: Buffer = Buffer.from(measurementType);
/** The largest record: two lengths of two bytes, the tag twice, the values. */
const recordBytesMax = 64 + typeBytes.byteLength + 2 * tagBytesMax + valuesMax * valueBytes;

/** Writes points as the encoded records of a Frame, one after another, into a reused buffer. */
export class PointWriter {
  bytes: Buffer;
  length = 0;
  count = 0;

  /** `bytesMax`: the bytes that it takes before `isFull`. */
  constructor(bytesMax: number) {
    this.bytes = Buffer.allocUnsafeSlow(bytesMax + recordBytesMax);
  }

  get isFull(): boolean {
    return this.length + recordBytesMax > this.bytes.byteLength;
  }

  clear(): void {
    this.length = 0;
    this.count = 0;
  }

  /** Must not be called while `isFull`. */
  write(point: Point): void {
    const out = this.bytes;
    const { tagLength } = point;
    const packed = point.count * valueBytes;
    const tagBytes = varintBytes(tagLength) + tagLength;
    const valueLength = 9 + 1 + tagBytes + 1 + varintBytes(packed) + packed;
    const recordLength =
      1 + varintBytes(valueLength) + valueLength + 1 + tagBytes + 2 + typeBytes.byteLength + 9;
    let at = this.length;
    out[at++] = FRAME_RECORDS;
    at = writeVarint(out, at, recordLength);
    out[at++] = RECORD_VALUE;
    at = writeVarint(out, at, valueLength);
    out[at++] = TIME;
    out.writeInt32LE(point.timeLow, at);
    out.writeInt32LE(point.timeHigh, at + 4);
    at += 8;
    out[at++] = TAG;
    at = writeVarint(out, at, tagLength);
    point.tag.copy(out, at, 0, tagLength);
    at += tagLength;
    out[at++] = PACKED_VALUES;
    at = writeVarint(out, at, packed);
    point.valueBytes.copy(out, at, 0, packed);
    at += packed;
    out[at++] = RECORD_KEY;
    at = writeVarint(out, at, tagLength);
    point.tag.copy(out, at, 0, tagLength);
    at += tagLength;
    out[at++] = RECORD_CONTENT_TYPE;
    out[at++] = typeBytes.byteLength;
    typeBytes.copy(out, at);
    at += typeBytes.byteLength;
    out[at++] = RECORD_TIME_NS;
    out.writeInt32LE(point.timeLow, at);
    out.writeInt32LE(point.timeHigh, at + 4);
    this.length = at + 8;
    this.count++;
  }
}

/**
 * The measurement in a record. Its values are a view into the record's bytes where possible. Throws
 * `invalid` with the field when the record is not a measurement.
 */
export function measurementFromRecord({
  value,
  contentType,
  key,
}: Pick<LogRecord, "value" | "contentType"> & { readonly key?: string }): Measurement {
  if (isJsonType(contentType)) return fromJson(value);
  return (key === undefined ? undefined : fromOwnLayout(value, key)) ?? fromProtobuf(value);
}

/**
 * Reads the layout that `PointWriter` writes, with the tag as key, without decoding text or looking
 * for fields. Undefined for any other layout, for long tags, and for tags beyond ASCII.
 */
function fromOwnLayout(bytes: Uint8Array, key: string): Measurement | undefined {
  const tagEnd = 11 + key.length;
  if (bytes[0] !== TIME || bytes[9] !== TAG || bytes[10] !== key.length) return undefined;
  if (key.length < 1 || key.length > shortTagBytesMax || bytes[tagEnd] !== PACKED_VALUES) {
    return undefined;
  }
  if (isDotSegment(key)) return undefined;
  for (let i = 0; i < key.length; i++) {
    const code = key.charCodeAt(i);
    if (code !== bytes[11 + i] || code < 0x20 || code > 0x7e) return undefined;
  }
  const low = bytes[tagEnd + 1] ?? 0;
  const length = low < 0x80 ? low : (low & 0x7f) + (bytes[tagEnd + 2] ?? 0) * 0x80;
  const from = tagEnd + 1 + varintBytes(length);
  if (from + length !== bytes.byteLength) return undefined;
  const values = bytes.subarray(from);
  checkValues(values);
  return { tag: key, timeNs: int64At(bytes, 1), values };
}

const scanner = new MeasurementScanner(Buffer.alloc(0));

function fromJson(value: Uint8Array): Measurement {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const isMeasurement = scanner.scan(bytes, 0, bytes.byteLength);
  const { point, issue } = scanner;
  if (!isMeasurement) throw new Failure("invalid", issue.message, { errors: [issue] });
  if (scanner.next() !== 0) {
    throw invalidField("body", "Cannot decode sluice.v1.Measurement: there is more after it");
  }
  return { tag: point.tagText(), timeNs: point.timeNs, values: point.copyValues() };
}

function fromProtobuf(bytes: Uint8Array): Measurement {
  const cursor = new WireCursor(bytes, 0, bytes.byteLength, "sluice.v1.Measurement");
  const fields = { timeNs: 0n, tag: "", values: bytes.subarray(0, 0) };
  try {
    while (cursor.at < cursor.end) readField(cursor, fields);
  } catch (error) {
    throw error instanceof Failure && error.errors.length === 0
      ? invalidField("body", error.message)
      : error;
  }
  const wrongTag = tagIssue(fields.tag);
  if (wrongTag !== undefined) throw invalidField("tag", wrongTag);
  checkValues(fields.values);
  return fields;
}

function readField(
  cursor: WireCursor,
  into: { -readonly [Name in keyof Measurement]: Measurement[Name] },
): void {
  const tag = cursor.varint();
  const { at } = cursor;
  if (tag === TIME) {
    cursor.skip(tag);
    into.timeNs = int64At(cursor.bytes, at);
  } else if (tag === TAG) into.tag = tagText(cursor.view(cursor.delimited()));
  else if (tag === PACKED_VALUES) {
    into.values = joined(into.values, cursor.view(cursor.delimited()));
  } else {
    cursor.skip(tag);
    if (tag === ONE_VALUE) into.values = joined(into.values, cursor.bytes.subarray(at, cursor.at));
  }
}

/** Without a DataView, which would cost as much as all the rest. */
function int64At(bytes: Uint8Array, at: number): bigint {
  return int64FromHalves(int32At(bytes, at), int32At(bytes, at + 4));
}

export function int32At(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
  return low | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
}

/** Joins values that come in parts, up to the number that a measurement may have. */
function joined(before: Uint8Array, more: Uint8Array): Uint8Array {
  if (before.byteLength === 0) return more;
  if (before.byteLength + more.byteLength > valuesMax * valueBytes) throw tooManyValues();
  return new Uint8Array(Buffer.concat([before, more]));
}

function tagText(bytes: Uint8Array): string {
  try {
    return textFromUtf8(bytes);
  } catch {
    throw invalidField("tag", "Cannot use tag: it is not UTF-8");
  }
}

function tooManyValues(): Failure {
  return invalidField("values", `Cannot use values: they are more than ${valuesMax}`);
}

function checkValues(values: Uint8Array): void {
  const count = values.byteLength / valueBytes;
  if (!Number.isInteger(count) || count < 1 || count > valuesMax) {
    throw invalidField(
      "values",
      `Cannot use values: they are ${values.byteLength} bytes, expected 1 to ${valuesMax} of ${valueBytes}`,
    );
  }
  const i = firstNotFinite(values, 0, values.byteLength);
  if (i >= 0) {
    throw invalidField(`values[${i}]`, `Cannot use values[${i}]: expected a finite number`);
  }
}

/** Index of the first packed value in `bytes[from … to]` that is not a finite number, or −1. */
export function firstNotFinite(bytes: Uint8Array, from: number, to: number): number {
  for (let last = from + valueBytes - 1; last < to; last += valueBytes) {
    // All eleven bits of the exponent are set: infinite, or not a number.
    if (((bytes[last] ?? 0) & 0x7f) === 0x7f && ((bytes[last - 1] ?? 0) & 0xf0) === 0xf0) {
      return (last - from - valueBytes + 1) / valueBytes;
    }
  }
  return -1;
}
