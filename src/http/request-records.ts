/** Request bodies as records for the gate. */

import { Failure, invalidIssue, type Issue, quoted } from "../core/failure.ts";
import { jsonValues } from "../core/json.ts";
import { bytesType, isJsonType, jsonType } from "../core/record.ts";
import type { IncomingRecord } from "../ingest/ingest.ts";

/** Records in one call; more are sent as several. */
const batchMax = 10_000;

export const schemaIdMax = 0x7fff_ffff;

/** Stored with each record: a media type and its parameters are shorter. */
const typeLengthMax = 200;

export const lineTypes: ReadonlySet<string> = new Set([
  "application/x-ndjson",
  "application/ndjson",
  "application/jsonl",
  "application/x-jsonlines",
  "application/jsonlines",
]);

/** What curl and browsers send when nobody chose a type: it is read as JSON. */
export const unchosenTypes: ReadonlySet<string> = new Set([
  "",
  "application/x-www-form-urlencoded",
  "text/plain",
]);

/** JSON events alone, as emitters take them. Throws `unsupported_media_type` for other types. */
export function incomingEvents(
  body: Uint8Array,
  contentType: string | undefined,
  key: string,
): (IncomingRecord | Issue)[] {
  const type = mediaType(contentType);
  if (lineTypes.has(type)) return jsonRecords(body, "lines", key);
  if (isJsonType(type) || unchosenTypes.has(type)) return jsonRecords(body, "either", key);
  throw new Failure(
    "unsupported_media_type",
    `Cannot read ${quoted(type)} as events: expected ${jsonType} or application/x-ndjson`,
  );
}

/** JSON, NDJSON, or any other type as the bytes of one record; all of the schema that is named. */
export function incomingRecords(
  body: Uint8Array,
  contentType: string | undefined,
  key: string,
  schemaId: number,
): (IncomingRecord | Issue)[] {
  const type = mediaType(contentType);
  if (lineTypes.has(type)) return jsonRecords(body, "lines", key, schemaId);
  if (isJsonType(type) || unchosenTypes.has(type)) {
    return jsonRecords(body, "either", key, schemaId);
  }
  if (contentType !== undefined && contentType.length > typeLengthMax) {
    throw new Failure(
      "unsupported_media_type",
      `Cannot store a content type of ${contentType.length} characters: at most ${typeLengthMax}`,
    );
  }
  return [{ value: body, key, contentType: contentType ?? bytesType, schemaId }];
}

/** Quoted in problems, so its length is bounded. */
export function mediaType(contentType: string | undefined): string {
  return (contentType?.split(";")[0] ?? "").trim().toLowerCase().slice(0, typeLengthMax);
}

function jsonRecords(
  body: Uint8Array,
  form: "lines" | "either",
  key: string,
  schemaId = 0,
): (IncomingRecord | Issue)[] {
  const values = jsonValues(body, form);
  if (values.length === 0) throw new Failure("invalid", "Cannot append: the body has no events");
  if (values.length > batchMax) {
    throw new Failure(
      "too_large",
      `Cannot append ${values.length} records: at most ${batchMax} in a call`,
    );
  }
  return values.map((value) =>
    value.ok
      ? { value: value.value, key, contentType: jsonType, schemaId }
      : invalidIssue("body", value.message),
  );
}
