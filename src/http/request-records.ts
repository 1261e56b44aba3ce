/** Request bodies as records for the gate. */

import type { Caller, Turn } from "../core/budget/turn.ts";
import { Failure, invalidIssue, type Issue, quoted } from "../core/failure.ts";
import { shortValue, valuesOf } from "../core/json/values.ts";
import { bytesType, isJsonType, jsonType, type RecordHeaders } from "../core/record.ts";
import type { MaybePromise } from "../core/schemas.ts";
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

/** What a body is read with. */
export interface Reading {
  /** The turn of the request. */
  readonly turn: Turn;
  /** Larger records are refused without being parsed. */
  readonly recordBytesMax: number;
  readonly key: string;
  /** The schema that the caller names; 0: none. */
  readonly schemaId?: number;
  /** Headers of each record. */
  readonly headers?: RecordHeaders | undefined;
}

export function contentTypeOf({ headers }: Request): string | undefined {
  return headers.get("content-type") ?? undefined;
}

/**
 * Whether the client has left, for the turns of its request. `request.signal` is made only when somebody
 * looks at it, which takes as long as reading a short body.
 */
export function clientOf(request: Request): Caller {
  return {
    get aborted() {
      return request.signal.aborted;
    },
    get reason() {
      return request.signal.reason as unknown;
    },
  };
}

/** JSON events alone, as emitters take them. Throws `unsupported_media_type` for other types. */
export async function incomingEvents(
  body: Uint8Array,
  contentType: string | undefined,
  reading: Reading,
): Promise<(IncomingRecord | Issue)[]> {
  const type = mediaType(contentType);
  if (lineTypes.has(type)) return await jsonRecords(body, "lines", reading);
  if (isJsonType(type) || unchosenTypes.has(type)) {
    return await jsonRecords(body, "either", reading);
  }
  throw new Failure(
    "unsupported_media_type",
    `Cannot read ${quoted(type)} as events: expected ${jsonType} or application/x-ndjson`,
  );
}

/** Whether a body of this type is one record, whatever its bytes. */
export function isOneRecord(contentType: string | undefined): boolean {
  const type = mediaType(contentType);
  return !lineTypes.has(type) && !isJsonType(type) && !unchosenTypes.has(type);
}

/** JSON, NDJSON, or any other type as the bytes of one record; all of the schema that is named. */
export async function incomingRecords(
  body: Uint8Array,
  contentType: string | undefined,
  reading: Reading,
): Promise<(IncomingRecord | Issue)[]> {
  const type = mediaType(contentType);
  if (lineTypes.has(type)) return await jsonRecords(body, "lines", reading);
  if (isJsonType(type)) return await jsonRecords(body, "either", reading);
  if (unchosenTypes.has(type)) return withHint(await jsonRecords(body, "either", reading));
  if (contentType !== undefined && contentType.length > typeLengthMax) {
    throw new Failure(
      "unsupported_media_type",
      `Cannot store a content type of ${contentType.length} characters: at most ${typeLengthMax}`,
    );
  }
  const { key, schemaId = 0, headers } = reading;
  const record = { value: body, key, contentType: contentType ?? bytesType, schemaId };
  return [headers === undefined ? record : { ...record, headers }];
}

/** Quoted in problems, so its length is bounded. */
export function mediaType(contentType: string | undefined): string {
  return (contentType?.split(";")[0] ?? "").trim().toLowerCase().slice(0, typeLengthMax);
}

function jsonRecords(
  body: Uint8Array,
  form: "lines" | "either",
  reading: Reading,
): MaybePromise<(IncomingRecord | Issue)[]> {
  if (body.byteLength === 0) return [emptyBody];
  const bounds = { valuesMax: batchMax, valueBytesMax: reading.recordBytesMax };
  const only = shortValue(body, bounds);
  if (only !== undefined) return [jsonRecord(only, reading)];
  return valuesOf(body, form, bounds, reading.turn).then((values) => {
    if (values.length === 0) throw new Failure("invalid", "Cannot append: the body has no events");
    return values.map((value) => jsonRecord(value, reading));
  });
}

/** Member by member: to spread what the records of a body share takes ten times as long. */
function jsonRecord(
  value: Uint8Array | Issue,
  { key, schemaId = 0, headers }: Reading,
): IncomingRecord | Issue {
  if (!(value instanceof Uint8Array)) return value;
  const record = { value, key, contentType: jsonType, schemaId };
  return headers === undefined ? record : { ...record, headers };
}

const emptyBody = invalidIssue("body", "Cannot append: the body is empty, expected JSON");

/** A client that chose no type may have meant to send something else than JSON. */
function withHint(records: (IncomingRecord | Issue)[]): (IncomingRecord | Issue)[] {
  const [only] = records;
  if (records.length !== 1 || only === undefined || "value" in only) return records;
  if (only.code !== "invalid" || only === emptyBody) return records;
  const hint = `expected JSON, or a Content-Type such as text/csv or ${bytesType} for other bytes`;
  return [{ ...only, message: `${only.message}, ${hint}` }];
}
