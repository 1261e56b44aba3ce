/**
 * Checks encoded records in place, without making objects of them: a request that has only records is
 * copied into a log entry as it came. `bench/floors/publish.ts` measures what decoding would cost. The
 * wire format is that of `schemas/sluice/v1/`.
 */

import { Failure, invalidIssue, type Issue } from "../core/failure.ts";
import {
  RECORD_CONTENT_TYPE,
  RECORD_HEADERS,
  RECORD_KEY,
  RECORD_SCHEMA_ID,
  RECORD_VALUE,
} from "../core/frame.ts";
import { ackType, endType } from "../core/record.ts";
import { textFromUtf8 } from "../core/utf8.ts";
import type { WireCursor } from "../core/wire.ts";
import type { RecordLimits } from "./limits.ts";

const internalTypes = [endType, ackType].map((type) => new TextEncoder().encode(type));

/**
 * Checks the record at `cursor.at … cursor.end`, and moves past it. Undefined: it may be stored as it
 * is. Bytes that are not a record are refused as well: their length comes from outside.
 */
export function checkRecord(cursor: WireCursor, limits: RecordLimits): Issue | undefined {
  try {
    return check(cursor, limits);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return invalidIssue("records", error.message);
  }
}

function check(cursor: WireCursor, limits: RecordLimits): Issue | undefined {
  const { bytes, end } = cursor;
  let headers = 0;
  while (cursor.at < end) {
    const tag = cursor.varint();
    if (tag === RECORD_VALUE) {
      const valueEnd = cursor.delimited();
      const length = valueEnd - cursor.at;
      if (length > limits.recordBytesMax) return tooLarge("value", length, limits.recordBytesMax);
      cursor.at = valueEnd;
    } else if (tag === RECORD_KEY) {
      const keyEnd = cursor.delimited();
      const length = keyEnd - cursor.at;
      if (length > limits.keyBytesMax) return tooLarge("key", length, limits.keyBytesMax);
      if (!isText(cursor, keyEnd)) return notText("key");
    } else if (tag === RECORD_SCHEMA_ID) {
      const schemaId = cursor.varint();
      if (schemaId > 0x7fff_ffff) return noSchemaId(schemaId);
    } else if (tag === RECORD_CONTENT_TYPE) {
      const typeEnd = cursor.delimited();
      const length = typeEnd - cursor.at;
      if (length > contentTypeBytesMax) {
        return tooLarge("content_type", length, contentTypeBytesMax);
      }
      if (isInternalType(bytes, cursor.at, length)) return internalType;
      if (!isText(cursor, typeEnd)) return notText("content_type");
    } else if (tag === RECORD_HEADERS) {
      if (++headers > limits.headersMax) return tooMany(limits.headersMax);
      const entryEnd = cursor.delimited();
      if (!isHeader(cursor, entryEnd)) return notText("headers");
    } else cursor.skip(tag);
  }
  return undefined;
}

/** A media type with its parameters; the longest registered has 80. */
const contentTypeBytesMax = 255;

function isHeader(cursor: WireCursor, end: number): boolean {
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
function isText(cursor: WireCursor, end: number): boolean {
  const { bytes, at } = cursor;
  cursor.at = end;
  for (let i = at; i < end; i++) {
    if ((bytes[i] ?? 0) < 0x80) continue;
    try {
      textFromUtf8(bytes.subarray(i, end));
      return true;
    } catch {
      return false;
    }
  }
  return true;
}

/** Both have one length, so that nearly all other types cost one comparison. */
function isInternalType(bytes: Uint8Array, at: number, length: number): boolean {
  if (length !== endType.length) return false;
  return internalTypes.some((type) => type.every((byte, i) => bytes[at + i] === byte));
}

const internalType = invalidIssue(
  "content_type",
  `Cannot use content type "${endType}" or "${ackType}": it is internal`,
);

function tooLarge(field: string, given: number, max: number): Issue {
  const message = `Cannot take a record with a ${field} of ${given} bytes: at most ${max}`;
  return { code: "too_large", field, message };
}

function tooMany(max: number): Issue {
  const message = `Cannot take a record with more than ${max} headers`;
  return { code: "too_large", field: "headers", message };
}

function notText(field: string): Issue {
  return invalidIssue(field, `Cannot take a record whose ${field} is not UTF-8`);
}

function noSchemaId(given: number): Issue {
  return invalidIssue("schema_id", `Cannot use schema_id ${given}: expected 0 to 2147483647`);
}
