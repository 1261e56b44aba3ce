/** Values as PostgreSQL takes and gives them. */
import type { RecordHeaders } from "../core/record.ts";

/**
 * A bytea[] literal of all values: postgres.js would render and escape element by element, at ten
 * times the cost. Hex digits need no escapes.
 */
export function arrayOfBytes(values: readonly Uint8Array[]): string {
  if (values.length === 0) return "{}";
  const elements = values.map(
    (value) =>
      `"\\\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex")}"`,
  );
  return `{${elements.join(",")}}`;
}

/** As a JSON object of base64 by name; null: none. */
export function headersToJson(headers: RecordHeaders | undefined): string | null {
  if (headers === undefined) return null;
  const entries = Object.entries(headers).map(([name, value]) => [name, value.toBase64()]);
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
