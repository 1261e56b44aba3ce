/** The records of a message, each for itself: what the way past a schema rule takes time for. */
import { decodeFrame } from "../core/frame.ts";
import type { Issue } from "../core/failure.ts";
import type { LogRecord } from "../core/record.ts";
import type { RecordLimits } from "./limits.ts";
import { checkRecord, Cursor, RECORDS } from "./wire.ts";

/** A record at `bytes[from … to]`, tag and length included, or what is wrong with it. */
export type Walked =
  | { readonly from: number; readonly to: number; readonly record: LogRecord }
  | { readonly issue: Issue };

/** Throws `invalid` on bytes that are no message. */
export function recordsOf(bytes: Uint8Array, limits: RecordLimits): Walked[] {
  const cursor = new Cursor(bytes, 0, bytes.byteLength);
  const walked: Walked[] = [];
  while (cursor.at < bytes.byteLength) {
    const from = cursor.at;
    const tag = cursor.varint();
    if (tag !== RECORDS) {
      cursor.skip(tag);
      continue;
    }
    const to = cursor.delimited();
    const issue = checkRecord(new Cursor(bytes, cursor.at, to), limits);
    const [record] = issue === undefined ? decodeFrame(bytes.subarray(from, to)) : [];
    if (issue !== undefined) walked.push({ issue });
    else if (record !== undefined) walked.push({ from, to, record });
    cursor.at = to;
  }
  return walked;
}
