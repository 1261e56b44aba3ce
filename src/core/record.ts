/** Records: bytes that Sluice does not need to understand. */

import type { Position } from "./position.ts";

/** A producer's record, checked and stamped. Fields as in `schemas/sluice/v1/record.proto`. */
export interface LogRecord {
  readonly value: Uint8Array;
  /** UTF-8 text that orders and addresses records inside a topic; empty: none. */
  readonly key: string;
  /** A media type. */
  readonly contentType: string;
  /** The registry's global schema id; 0: none. */
  readonly schemaId: number;
  /** The producer's time, nanoseconds since the Unix epoch; else the time of ingestion. */
  readonly timeNs: bigint;
  readonly headers?: RecordHeaders;
}

export type RecordHeaders = Readonly<{ [name: string]: Uint8Array }>;

/** A record in the log. */
export interface StoredRecord {
  readonly record: LogRecord;
  readonly position: Position;
  /** When the gateway (or the broker) received it, nanoseconds since the Unix epoch. */
  readonly receivedNs: bigint;
}

export const jsonType = "application/json";
export const bytesType = "application/octet-stream";

/** The last record of a key: its emitter has ended. */
export const endType = "application/vnd.sluice.end+json";

/** What an ack rule appended: an ack, or a notice about an overdue id. */
export const ackType = "application/vnd.sluice.ack+json";

/** Types of records that the gateway alone makes: ingestion refuses them from callers. */
export function isInternalType(contentType: string): boolean {
  return contentType === endType || contentType === ackType;
}

/** Bytes that a record occupies in a buffer, for bounds; its fixed fields count as 64. */
export function recordBytes(record: LogRecord): number {
  let bytes = record.value.byteLength + record.key.length + 64;
  for (const name in record.headers) bytes += name.length + (record.headers[name]?.byteLength ?? 0);
  return bytes;
}

/** The sum of it. */
export function bytesOf(records: readonly LogRecord[]): number {
  let bytes = 0;
  for (const record of records) bytes += recordBytes(record);
  return bytes;
}

/**
 * The objects of a decoded record take so much memory, besides its bytes, for as long as it is kept:
 * measured with values of 20 to 2,000 bytes, whether a commit has one record or many.
 */
const objectBytes = 448;

/** Memory that a decoded record occupies while it is kept, for bounds. */
export function residentBytes(record: LogRecord): number {
  return recordBytes(record) + objectBytes;
}

/** True for `application/json` and every `+json` type, parameters aside. */
export function isJsonType(contentType: string): boolean {
  if (contentType === jsonType) return true;
  const semicolon = contentType.indexOf(";");
  const type = (semicolon < 0 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase();
  return type === jsonType || type.endsWith("+json");
}
