/** Record headers as a jsonb column: a JSON object of base64 by name. */

import type { RecordHeaders } from "../core/record.ts";
import { storableText } from "./arrays.ts";

/** Null where the record has no headers. */
export function headersToJson(headers: RecordHeaders | undefined): string | null {
  if (headers === undefined) return null;
  const entries = Object.entries(headers).map(([name, value]) => [
    storableText(name),
    value.toBase64(),
  ]);
  return JSON.stringify(Object.fromEntries(entries));
}

export function headersFromJson(json: unknown): RecordHeaders | undefined {
  // postgres.js parses jsonb; through Drizzle it arrives as text.
  const value: unknown = typeof json === "string" ? JSON.parse(json) : json;
  if (typeof value !== "object" || value === null) return undefined;
  const entries = Object.entries(value).map(([name, text]) => [
    name,
    Uint8Array.fromBase64(String(text)),
  ]);
  return Object.fromEntries(entries) as RecordHeaders;
}
