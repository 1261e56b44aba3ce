/**
 * Looks at records where they lie, encoded, without making an object of any: a request of nothing
 * but records is copied into a log entry as it came. `bench/floors/publish.ts` has what decoding would
 * cost. The wire form is that of `schemas/sluice/v1/`.
 */
import { Failure, type Issue, invalidIssue } from "../core/failure.ts";
import { endType } from "../core/record.ts";
import type { RecordLimits } from "./limits.ts";

// Tags: field number << 3 | wire type. A request's and a Frame's `records`, then a Record's fields.
export const RECORDS = 0x0a;
const VALUE = 0x0a;
const KEY = 0x12;
const SCHEMA_ID = 0x18;
const CONTENT_TYPE = 0x22;
const TIME_NS = 0x29;
const HEADERS = 0x32;

const utf8 = new TextDecoder("utf-8", { fatal: true });
const endTypeBytes = new TextEncoder().encode(endType);

/** Where a walk over bytes stands; one object serves many walks. */
export class Cursor {
  bytes: Uint8Array;
  at: number;
  end: number;

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  /** A varint as a number: exact to 2^53, which is more than any length or sequence here may be. */
  varint(): number {
    const { bytes, end } = this;
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      if (this.at >= end) throw malformed("a varint reaches past its end");
      const byte = bytes[this.at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw malformed("a varint is longer than 10 bytes");
  }

  /** Moves past a length-delimited field's length and returns where the field ends. */
  delimited(): number {
    const length = this.varint();
    const end = this.at + length;
    if (end > this.end) throw malformed("a field reaches past its end");
    return end;
  }

  /** Moves past the value of a field that nobody here knows. */
  skip(tag: number): void {
    const wireType = tag & 7;
    if (tag >>> 3 === 0) throw malformed("a field has the number 0");
    if (wireType === 0) this.varint();
    else if (wireType === 2) this.at = this.delimited();
    else if (wireType === 1) this.at += 8;
    else if (wireType === 5) this.at += 4;
    else throw malformed(`wire type ${wireType} is unknown`);
    if (this.at > this.end) throw malformed("a field reaches past its end");
  }

  text(end: number): string {
    const { bytes, at } = this;
    this.at = end;
    try {
      return utf8.decode(bytes.subarray(at, end));
    } catch {
      throw malformed("a text is not UTF-8");
    }
  }
}

/**
 * Checks the record that lies at `cursor.at … cursor.end`, and moves past it. Undefined: it may be
 * stored as it is. Bytes that are no record are refused as well: they are delimited from outside.
 */
export function checkRecord(cursor: Cursor, limits: RecordLimits): Issue | undefined {
  try {
    return check(cursor, limits);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return invalidIssue("records", error.message);
  }
}

function check(cursor: Cursor, limits: RecordLimits): Issue | undefined {
  const { bytes, end } = cursor;
  let headers = 0;
  while (cursor.at < end) {
    const tag = cursor.varint();
    if (tag === VALUE) {
      const valueEnd = cursor.delimited();
      const length = valueEnd - cursor.at;
      if (length > limits.recordBytesMax) return tooLarge("value", length, limits.recordBytesMax);
      cursor.at = valueEnd;
    } else if (tag === KEY) {
      const keyEnd = cursor.delimited();
      const length = keyEnd - cursor.at;
      if (length > limits.keyBytesMax) return tooLarge("key", length, limits.keyBytesMax);
      if (!isText(cursor, keyEnd)) return notText("key");
    } else if (tag === SCHEMA_ID) {
      const schemaId = cursor.varint();
      if (schemaId > 0x7fff_ffff) return noSchemaId(schemaId);
    } else if (tag === CONTENT_TYPE) {
      const typeEnd = cursor.delimited();
      const length = typeEnd - cursor.at;
      if (length > contentTypeBytesMax) {
        return tooLarge("content_type", length, contentTypeBytesMax);
      }
      if (isEndType(bytes, cursor.at, length)) return ownType;
      if (!isText(cursor, typeEnd)) return notText("content_type");
    } else if (tag === HEADERS) {
      if (++headers > limits.headersMax) return tooMany(limits.headersMax);
      const entryEnd = cursor.delimited();
      if (!isHeader(cursor, entryEnd)) return notText("headers");
    } else if (tag === TIME_NS) cursor.skip(tag);
    else cursor.skip(tag);
  }
  return undefined;
}

/** A media type with its parameters; the longest registered has 80. */
const contentTypeBytesMax = 255;

function isHeader(cursor: Cursor, end: number): boolean {
  const outer = cursor.end;
  cursor.end = end;
  let isFine = true;
  while (cursor.at < end) {
    const tag = cursor.varint();
    if (tag === 0x0a) isFine = isText(cursor, cursor.delimited()) && isFine;
    else cursor.skip(tag);
  }
  cursor.end = outer;
  return isFine;
}

/** Moves to `end`. ASCII, which nearly all of them are, is seen without decoding. */
function isText(cursor: Cursor, end: number): boolean {
  const { bytes, at } = cursor;
  cursor.at = end;
  for (let i = at; i < end; i++) {
    if ((bytes[i] ?? 0) < 0x80) continue;
    try {
      utf8.decode(bytes.subarray(i, end));
      return true;
    } catch {
      return false;
    }
  }
  return true;
}

function isEndType(bytes: Uint8Array, at: number, length: number): boolean {
  if (length !== endTypeBytes.byteLength) return false;
  for (let i = 0; i < length; i++) if (bytes[at + i] !== endTypeBytes[i]) return false;
  return true;
}

const ownType = invalidIssue(
  "content_type",
  `Cannot use content type "${endType}": it is Sluice's own`,
);

function tooLarge(field: string, given: number, wanted: number): Issue {
  const message = `Cannot take a record with a ${field} of ${given} bytes: at most ${wanted}`;
  return { code: "too_large", field, message };
}

function tooMany(wanted: number): Issue {
  const message = `Cannot take a record with more than ${wanted} headers`;
  return { code: "too_large", field: "headers", message };
}

function notText(field: string): Issue {
  return invalidIssue(field, `Cannot take a record whose ${field} is not UTF-8`);
}

function noSchemaId(given: number): Issue {
  return invalidIssue("schema_id", `Cannot use schema_id ${given}: expected 0 to 2147483647`);
}

export function malformed(what: string): Failure {
  return new Failure("invalid", `Cannot decode the message: ${what}`);
}
