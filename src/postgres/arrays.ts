/** Arrays as PostgreSQL's text form: postgres.js would quote and escape each number on its own. */

import { Buffer } from "node:buffer";

/** An array literal of numbers, which need no quotes; undefined becomes null. */
export function arrayOfNumbers(values: readonly (number | bigint | null | undefined)[]): string {
  return `{${values.map((value) => value ?? "null").join(",")}}`;
}

/** An array literal of texts. PostgreSQL's cannot contain NUL, so it becomes U+FFFD. */
export function arrayOfTexts(values: readonly (string | null)[]): string {
  const elements = values.map((value) =>
    value === null ? "null" : `"${storableText(value).replaceAll(/["\\]/g, "\\$&")}"`,
  );
  return `{${elements.join(",")}}`;
}

/** The elements of an array of texts as PostgreSQL renders it; a null is "NULL". */
export function textsFromArray(array: string): string[] {
  if (array === "{}") return [];
  if (!array.includes('"')) return array.slice(1, -1).split(",");
  const elements = array.slice(1, -1).matchAll(/"((?:[^"\\]|\\.)*)"|[^,]+/gs);
  return Array.from(elements, ([bare, inQuotes]) =>
    inQuotes === undefined ? bare : inQuotes.replaceAll(/\\(.)/gs, "$1"),
  );
}

/** A bytea[] literal: hex digits need no escapes. */
export function arrayOfBytes(values: readonly (Uint8Array | null)[]): string {
  const elements = values.map((value) =>
    value === null
      ? "null"
      : `"\\\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex")}"`,
  );
  return `{${elements.join(",")}}`;
}

/** A bytea[] literal of texts in UTF-8: unlike text, bytea can contain NUL. */
export function arrayOfUtf8(texts: readonly string[]): string {
  return arrayOfBytes(texts.map((text) => Buffer.from(text)));
}

/** A text that PostgreSQL accepts: one that it refuses would stop a projection permanently. */
export function storableText(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\uFFFD");
}
