/** Records with everything that is known of them, and values cut to what a list shows. */

import { Buffer } from "node:buffer";
import { renderPosition } from "../../core/position.ts";
import { isJsonType, type RecordHeaders, type StoredRecord } from "../../core/record.ts";
import type { DecodedRecord, SubjectVersion } from "../../core/schemas.ts";
import { renderTime } from "../../core/time.ts";
import { textFromUtf8 } from "../../core/utf8.ts";
import { renderData } from "../events.ts";

/** The largest value that `value_bytes` may ask for. */
export const valueBytesMax = 1024 * 1024;

/** How the records of an answer or a stream are shown. */
export interface RecordForm {
  /** With the time of receipt, headers, content type, size, and the schema with its subjects. */
  readonly details: boolean;
  /** As their schemas have them. */
  readonly decode: boolean;
  /** Values of more bytes are cut; undefined: none is. */
  readonly valueBytes: number | undefined;
}

/** What was looked up for a record. */
export interface RecordFacts {
  /** Undefined for a record that names no schema, or if that was not looked up. */
  readonly decoded: DecodedRecord | undefined;
  /** Those that the reader may see. */
  readonly subjects: readonly SubjectVersion[];
}

/**
 * `{"position","time","key"?,"data"}`, with details also `"received","headers","content_type","size"`
 * and `"schema":{"id","name"?,"subjects":[{"subject","version"}]}`. A value that is cut has `"cut"` in
 * place of `"data"`: the start of its text, or `{"base64"}` of its first bytes.
 */
export function renderRecord(
  stored: StoredRecord,
  { decoded, subjects }: RecordFacts,
  { details, decode, valueBytes }: RecordForm,
): string {
  const { record, position } = stored;
  const key = record.key === "" ? "" : `"key":${JSON.stringify(record.key)},`;
  const head = `{"position":"${renderPosition(position)}","time":"${renderTime(record.timeNs)}",${key}`;
  const about = details ? renderDetails(stored) : "";
  const schema = details || decode ? renderSchema(decoded, details ? subjects : undefined) : "";
  const issue =
    decode && decoded !== undefined && "issue" in decoded
      ? `,"error":${JSON.stringify(decoded.issue)}`
      : "";
  const json = decode && decoded !== undefined && "json" in decoded ? decoded.json : undefined;
  return `${head}${about}${schema}${renderValue(stored, json, valueBytes)}${issue}}`;
}

function renderDetails({ record, receivedNs }: StoredRecord): string {
  const { headers, contentType, value } = record;
  return `"received":"${renderTime(receivedNs)}","headers":${renderHeaders(headers)},"content_type":${JSON.stringify(contentType)},"size":${value.byteLength},`;
}

export function renderHeaders(headers: RecordHeaders = {}): string {
  const shown = Object.entries(headers).map(
    ([name, value]) => `${JSON.stringify(name)}:${renderText(value)}`,
  );
  return `{${shown.join(",")}}`;
}

/** Bytes that are not UTF-8 as base64. */
function renderText(value: Uint8Array): string {
  try {
    return JSON.stringify(textFromUtf8(value));
  } catch {
    return `{"base64":"${value.toBase64()}"}`;
  }
}

function renderSchema(
  decoded: DecodedRecord | undefined,
  subjects: readonly SubjectVersion[] | undefined,
): string {
  if (decoded?.schema === undefined) return "";
  return `"schema":${JSON.stringify({ ...decoded.schema, subjects })},`;
}

function renderValue(
  { record }: StoredRecord,
  json: string | undefined,
  bytesMax: number | undefined,
): string {
  const bytes = json === undefined ? record.value.byteLength : Buffer.byteLength(json);
  if (bytesMax === undefined || bytes <= bytesMax) return `"data":${json ?? renderData(record)}`;
  if (json !== undefined) return `"cut":${renderText(startOf(Buffer.from(json), bytesMax))}`;
  if (isJsonType(record.contentType)) return `"cut":${renderText(startOf(record.value, bytesMax))}`;
  return `"cut":{"base64":"${record.value.subarray(0, bytesMax).toBase64()}"}`;
}

/** Without the character that the cut goes through. */
function startOf(value: Uint8Array, bytesMax: number): Uint8Array {
  let end = bytesMax;
  // A byte 10xxxxxx continues a character.
  while (end > 0 && ((value[end] ?? 0) & 0xc0) === 0x80) end--;
  return value.subarray(0, end);
}
