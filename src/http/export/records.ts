/** Files of records: lines of JSON, CSV and Parquet. Only some of them are in memory, however many there are. */

import { renderPosition } from "../../core/position.ts";
import { isJsonType, type StoredRecord } from "../../core/record.ts";
import type { DecodedRecord } from "../../core/schemas.ts";
import { renderTime } from "../../core/time.ts";
import { textFromUtf8 } from "../../core/utf8.ts";
import { renderHeaders, renderRecord } from "../records/details.ts";
import { csvLine } from "./csv.ts";
import { parquetFile, type ParquetRows, type SchemaElement } from "./parquet.ts";

/** A record, with what was decoded of it where that was requested. */
export interface ExportedRecord {
  readonly stored: StoredRecord;
  readonly decoded: DecodedRecord | undefined;
}

type Groups = AsyncIterable<readonly ExportedRecord[]>;

export interface RecordFormat {
  readonly contentType: string;
  readonly extension: string;
  write(groups: Groups): AsyncIterable<Uint8Array>;
}

export const recordFormatNames = ["ndjson", "csv", "parquet"] as const;

export const recordFormats = {
  ndjson: {
    contentType: "application/x-ndjson",
    extension: "ndjson",
    write: (groups) => text(groups, "", ndjsonLine),
  },
  csv: {
    contentType: "text/csv; charset=utf-8; header=present",
    extension: "csv",
    write: (groups) => text(groups, csvLine(columnNames), csvRecord),
  },
  parquet: {
    contentType: "application/vnd.apache.parquet",
    extension: "parquet",
    write: (groups) => parquetFile(parquetSchema, parquetRows(groups)),
  },
} as const satisfies Record<(typeof recordFormatNames)[number], RecordFormat>;

const columnNames = [
  "position",
  "time",
  "received",
  "key",
  "content_type",
  "schema_id",
  "schema",
  "size",
  "headers",
  "encoding",
  "value",
] as const;

const utf8 = new TextEncoder();

async function* text(
  groups: Groups,
  head: string,
  line: (record: ExportedRecord) => string,
): AsyncGenerator<Uint8Array> {
  let isFirst = true;
  for await (const records of groups) {
    yield utf8.encode(`${isFirst ? head : ""}${records.map(line).join("")}`);
    isFirst = false;
  }
  if (isFirst) yield utf8.encode(head);
}

function ndjsonLine({ stored, decoded }: ExportedRecord): string {
  const form = { details: true, decode: decoded !== undefined, valueBytes: undefined };
  // A value's own line breaks would end the line.
  return `${withoutBreaks(renderRecord(stored, { decoded, subjects: [] }, form))}\n`;
}

/** JSON has line breaks only between its values. */
function withoutBreaks(json: string): string {
  return /[\r\n]/.test(json) ? json.replaceAll(/[\r\n]+/g, " ") : json;
}

function csvRecord({ stored, decoded }: ExportedRecord): string {
  const { record, position, receivedNs } = stored;
  const { encoding, value } = valueOf(stored, decoded);
  return csvLine([
    renderPosition(position),
    renderTime(record.timeNs),
    renderTime(receivedNs),
    record.key,
    record.contentType,
    schemaIdOf(stored, decoded) === 0 ? "" : String(schemaIdOf(stored, decoded)),
    decoded?.schema?.name ?? "",
    String(record.value.byteLength),
    renderHeaders(record.headers),
    encoding,
    value,
  ]);
}

interface ExportedValue {
  /** How `value` has the bytes. */
  readonly encoding: "json" | "text" | "base64";
  readonly value: string;
}

function valueOf({ record }: StoredRecord, decoded: DecodedRecord | undefined): ExportedValue {
  if (decoded !== undefined && "json" in decoded) return { encoding: "json", value: decoded.json };
  const encoding = isJsonType(record.contentType) ? "json" : "text";
  try {
    return { encoding, value: textFromUtf8(record.value) };
  } catch {
    return { encoding: "base64", value: record.value.toBase64() };
  }
}

function schemaIdOf({ record }: StoredRecord, decoded: DecodedRecord | undefined): number {
  return decoded?.schema?.id ?? record.schemaId;
}

function textColumn(name: string): SchemaElement {
  return { name, type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "REQUIRED" };
}

const parquetSchema: SchemaElement[] = [
  { name: "root", num_children: 11 },
  textColumn("position"),
  { name: "time", type: "INT64", repetition_type: "REQUIRED" },
  { name: "received", type: "INT64", repetition_type: "REQUIRED" },
  textColumn("key"),
  textColumn("content_type"),
  { name: "schema_id", type: "INT32", repetition_type: "REQUIRED" },
  textColumn("schema"),
  { name: "size", type: "INT32", repetition_type: "REQUIRED" },
  textColumn("headers"),
  textColumn("encoding"),
  textColumn("value"),
];

async function* parquetRows(groups: Groups): AsyncGenerator<ParquetRows> {
  for await (const records of groups) {
    const values = records.map(({ stored, decoded }) => valueOf(stored, decoded));
    const column = <Value>(name: string, of: (record: ExportedRecord, i: number) => Value) => ({
      name,
      data: records.map(of),
    });
    yield {
      columns: [
        column("position", ({ stored }) => renderPosition(stored.position)),
        column("time", ({ stored }) => stored.record.timeNs),
        column("received", ({ stored }) => stored.receivedNs),
        column("key", ({ stored }) => stored.record.key),
        column("content_type", ({ stored }) => stored.record.contentType),
        column("schema_id", ({ stored, decoded }) => schemaIdOf(stored, decoded)),
        column("schema", ({ decoded }) => decoded?.schema?.name ?? ""),
        column("size", ({ stored }) => stored.record.value.byteLength),
        column("headers", ({ stored }) => renderHeaders(stored.record.headers)),
        column("encoding", (_, i) => values[i]?.encoding ?? ""),
        column("value", (_, i) => values[i]?.value ?? ""),
      ],
      count: records.length,
    };
  }
}
