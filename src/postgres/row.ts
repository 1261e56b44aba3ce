/** Values as PostgreSQL takes and gives them. */
import type { RecordHeaders } from "../core/record.ts";

/** An array literal of numbers, which need no quotes. */
export function arrayOfNumbers(values: readonly (number | bigint)[]): string {
  return `{${values.join(",")}}`;
}

/** An array literal of texts. PostgreSQL's cannot hold NUL, so it becomes U+FFFD. */
export function arrayOfTexts(values: readonly (string | null)[]): string {
  const elements = values.map((value) =>
    value === null ? "NULL" : `"${storable(value).replaceAll(/["\\]/g, "\\$&")}"`,
  );
  return `{${elements.join(",")}}`;
}

/** The elements of an array of texts as PostgreSQL renders it; a null is "NULL". */
export function textsFromArray(array: string): string[] {
  const elements = array.slice(1, -1).matchAll(/"((?:[^"\\]|\\.)*)"|[^,]+/gs);
  return Array.from(elements, ([bare, inQuotes]) =>
    inQuotes === undefined ? bare : inQuotes.replaceAll(/\\(.)/gs, "$1"),
  );
}

/** A bytea[] literal: hex digits need no escapes. */
export function arrayOfBytes(values: readonly Uint8Array[]): string {
  const elements = values.map(
    (value) =>
      `"\\\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex")}"`,
  );
  return `{${elements.join(",")}}`;
}

/** As a JSON object of base64 by name; null: none. */
export function headersToJson(headers: RecordHeaders | undefined): string | null {
  if (headers === undefined) return null;
  const entries = Object.entries(headers).map(([name, value]) => [
    storable(name),
    value.toBase64(),
  ]);
  return JSON.stringify(Object.fromEntries(entries));
}

export function headersFromJson(json: unknown): RecordHeaders | undefined {
  // postgres.js parses jsonb; under Drizzle it gives the text.
  const value: unknown = typeof json === "string" ? JSON.parse(json) : json;
  if (typeof value !== "object" || value === null) return undefined;
  const entries = Object.entries(value).map(([name, text]) => [
    name,
    Uint8Array.fromBase64(String(text)),
  ]);
  return Object.fromEntries(entries) as RecordHeaders;
}

/** One text that PostgreSQL refuses would stop a projection for good. */
function storable(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\uFFFD");
}
