/**
 * The records of a message, each for itself: what the way past a schema rule takes time for, and the
 * way into a topic whose records have a form.
 */
import { Buffer } from "node:buffer";
import { decodeFrame, encodeFrame, FRAME_RECORDS } from "../core/frame.ts";
import type { Issue } from "../core/failure.ts";
import type { LogRecord } from "../core/record.ts";
import type { RecordContract } from "../core/record-contract.ts";
import { WireCursor } from "../core/wire.ts";
import type { RecordLimits } from "./limits.ts";
import { checkRecord } from "./wire.ts";

/** A record as it goes to the log, `bytes[from … to]`, tag and length included; or what is wrong with it. */
export type Walked =
  | {
      readonly bytes: Buffer;
      readonly from: number;
      readonly to: number;
      readonly record: LogRecord;
    }
  | { readonly issue: Issue };

/** Throws `invalid` on bytes that are no message. */
export function recordsOf(
  bytes: Buffer,
  limits: RecordLimits,
  form: RecordContract | undefined,
): Walked[] {
  const cursor = new WireCursor(bytes);
  const walked: Walked[] = [];
  while (cursor.at < bytes.byteLength) {
    const from = cursor.at;
    const tag = cursor.varint();
    if (tag !== FRAME_RECORDS) {
      cursor.skip(tag);
      continue;
    }
    const to = cursor.delimited();
    const issue = checkRecord(new WireCursor(bytes, cursor.at, to), limits);
    const [record] = issue === undefined ? decodeFrame(bytes.subarray(from, to)) : [];
    if (issue !== undefined) walked.push({ issue });
    else if (record !== undefined) walked.push(formed({ bytes, from, to, record }, form));
    cursor.at = to;
  }
  return walked;
}

/** The record with what its form says of it; as it came, where that is all there. */
function formed(
  walked: Extract<Walked, { record: LogRecord }>,
  form: RecordContract | undefined,
): Walked {
  if (form === undefined) return walked;
  const { record } = walked;
  const made = form(record);
  if (!("key" in made)) return { issue: made };
  const { key, contentType, timeNs = record.timeNs } = made;
  const isAsCame =
    key === record.key && timeNs === record.timeNs && contentType === record.contentType;
  if (isAsCame) return walked;
  const ours = { ...record, key, contentType, timeNs };
  const bytes = Buffer.from(encodeFrame([ours]).buffer);
  return { bytes, from: 0, to: bytes.byteLength, record: ours };
}
