/**
 * Adds the `traceparent` of a call to its records, which are encoded already. Only traced calls pay for
 * it: all other records are copied as they came.
 */

import { Buffer } from "node:buffer";
import { ENTRY_NAME, ENTRY_VALUE, FRAME_RECORDS, RECORD_HEADERS } from "../core/frame.ts";
import { traceHeaders, traceparentHeader } from "../core/trace/trace.ts";
import { varintBytes, WireCursor, writeVarint } from "../core/wire.ts";

const nameBytes = Buffer.from(traceparentHeader);
const nameField = Buffer.concat([head(ENTRY_NAME, nameBytes.byteLength), nameBytes]);

/** The bytes of the header in a record; undefined for what is not a traceparent. */
export function traceHeaderField(traceparent: string | null | undefined): Uint8Array | undefined {
  const value = traceHeaders(traceparent)?.[traceparentHeader];
  if (value === undefined) return undefined;
  const entry = Buffer.concat([nameField, head(ENTRY_VALUE, value.byteLength), value]);
  return Buffer.concat([head(RECORD_HEADERS, entry.byteLength), entry]);
}

/** The records in `bytes[from … to]` with the field, except those that have such a header themselves. */
export function withTraceHeader(
  bytes: Buffer,
  from: number,
  to: number,
  field: Uint8Array,
): Buffer {
  const cursor = new WireCursor(bytes, from, to);
  const parts: Uint8Array[] = [];
  while (cursor.at < to) {
    const start = cursor.at;
    cursor.varint();
    const end = cursor.delimited();
    const record = bytes.subarray(cursor.at, end);
    cursor.at = end;
    if (record.includes(nameField)) parts.push(bytes.subarray(start, end));
    else parts.push(head(FRAME_RECORDS, record.byteLength + field.byteLength), record, field);
  }
  return Buffer.concat(parts);
}

function head(tag: number, length: number): Uint8Array {
  const out = new Uint8Array(1 + varintBytes(length));
  out[0] = tag;
  writeVarint(out, 1, length);
  return out;
}
