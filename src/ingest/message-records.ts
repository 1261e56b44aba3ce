/**
 * The records of a message, each by itself: for topics with a schema rule or a record contract. It
 * takes longer than `appendPlain` in `call.ts`, which copies them without decoding any.
 */

import { Buffer } from "node:buffer";
import type { Caller } from "../core/access/caller.ts";
import type { Issue } from "../core/failure.ts";
import { decodeFrame, encodeFrame, FRAME_RECORDS } from "../core/frame.ts";
import type { RecordContract } from "../core/record-contract.ts";
import type { LogRecord } from "../core/record.ts";
import { WireCursor } from "../core/wire.ts";
import type { RecordLimits } from "./limits.ts";
import { checkRecord } from "./wire.ts";

/** A record as it goes to the log, `bytes[from … to]`, tag and length included; or what is wrong with it. */
export type MessageRecord =
  | {
      readonly bytes: Buffer;
      readonly from: number;
      readonly to: number;
      readonly record: LogRecord;
    }
  | { readonly issue: Issue };

/** Throws `invalid` on bytes that are not a message. */
export function* recordsOfMessage(
  bytes: Buffer,
  limits: RecordLimits,
  contract: RecordContract | undefined,
  by: Caller,
): Generator<MessageRecord, void, undefined> {
  const cursor = new WireCursor(bytes);
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
    if (issue !== undefined) yield { issue };
    else if (record !== undefined) yield withContract({ bytes, from, to, record }, contract, by);
    cursor.at = to;
  }
}

/** The record with what its topic's contract derives from it; unchanged where it has all of that. */
function withContract(
  given: Extract<MessageRecord, { record: LogRecord }>,
  contract: RecordContract | undefined,
  by: Caller,
): MessageRecord {
  if (contract === undefined) return given;
  const { record } = given;
  const derived = contract(record, by);
  if (!("key" in derived)) return { issue: derived };
  const { key, contentType, timeNs = record.timeNs } = derived;
  const isUnchanged =
    key === record.key && timeNs === record.timeNs && contentType === record.contentType;
  if (isUnchanged) return given;
  const changed = { ...record, key, contentType, timeNs };
  const bytes = Buffer.from(encodeFrame([changed]).buffer);
  return { bytes, from: 0, to: bytes.byteLength, record: changed };
}
