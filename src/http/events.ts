/** Records as the JSON of pages and WebSocket messages. */

import { checkJson } from "../core/json/json.ts";
import { renderPosition } from "../core/position.ts";
import { isJsonType, type LogRecord, type StoredRecord } from "../core/record.ts";
import type { DecodedRecord } from "../core/schemas.ts";
import { renderTime } from "../core/time.ts";
import { textFromUtf8 } from "../core/utf8.ts";

/**
 * `{"position","time","key"?,"data"}`; data is the record's own JSON text, never re-rendered. With
 * what was decoded of it: as `renderDecoded` has it.
 */
export function renderEvent({ record, position }: StoredRecord, decoded?: DecodedRecord): string {
  const key = record.key === "" ? "" : `"key":${JSON.stringify(record.key)},`;
  const time = renderTime(record.timeNs);
  return `{"position":"${renderPosition(position)}","time":"${time}",${key}${renderDecoded(record, decoded)}}`;
}

/**
 * Members of an object: `"schema":{"id","name"},"data":…`, the record's value as its schema has it;
 * `"data"` alone for a record without a schema. What does not decode keeps its `data` as it is
 * otherwise, and has an `"error"` beside it.
 */
export function renderDecoded(record: LogRecord, decoded: DecodedRecord | undefined): string {
  if (decoded === undefined) return `"data":${renderData(record)}`;
  const schema = decoded.schema === undefined ? "" : `"schema":${JSON.stringify(decoded.schema)},`;
  if ("json" in decoded) return `${schema}"data":${decoded.json}`;
  return `${schema}"data":${renderData(record)},"error":${JSON.stringify(decoded.issue)}`;
}

/** The record's JSON as it was appended, `{"base64":"…"}` where it is not JSON. */
export function renderData(record: LogRecord): string {
  const json = jsonOf(record);
  return json === undefined ? `{"base64":"${record.value.toBase64()}"}` : textFromUtf8(json);
}

/**
 * The record's value, if it is JSON. Its content type is only what a producer claims: the collector
 * stores bytes, and other clients write to NATS.
 */
export function jsonOf(record: LogRecord): Uint8Array | undefined {
  if (!isJsonType(record.contentType)) return undefined;
  const json = checkJson(record.value);
  return json.ok ? json.value : undefined;
}
