/**
 * Fits a value into a column: its JSON text becomes text that PostgreSQL reads as the column's type,
 * or a reason why it cannot. Exact types never go through a JavaScript number, so an int64 and a
 * numeric arrive as they were written.
 */

import { parseCivilTime } from "../../core/civil-time.ts";
import type { ColumnType } from "./relation.ts";

export type Fitted =
  | { readonly ok: true; readonly text: string | null }
  /** What is wrong, and what is expected: `it is not a number, expected one`. */
  | { readonly ok: false; readonly why: string };

/** `json` is the text of one value. Missing values and `null` are null in every column. */
export function fit(type: ColumnType, json: string | undefined): Fitted {
  if (json === undefined || json === "null") return { ok: true, text: null };
  return fits[type](json);
}

const fits: Readonly<Record<ColumnType, (json: string) => Fitted>> = {
  text: fitText,
  integer: (json) => fitWhole(json, 31n),
  bigint: (json) => fitWhole(json, 63n),
  numeric: fitNumeric,
  "double precision": fitDouble,
  boolean: fitBoolean,
  timestamptz: fitTime,
  jsonb: fitted,
};

function fitted(text: string): Fitted {
  return { ok: true, text };
}

function unfit(why: string): Fitted {
  return { ok: false, why };
}

/** Numbers and booleans are taken as written, because files do not distinguish them from text well. */
function fitText(json: string): Fitted {
  if (isContainer(json)) return unfit("it is an object or an array, expected text");
  const text = scalarText(json);
  if (text.includes("\0")) return unfit("it contains a NUL character, expected text without one");
  // As U+FFFD, two texts that differ would become one.
  if (!text.isWellFormed()) return unfit("it contains half of a surrogate pair, expected text");
  return fitted(text);
}

/** Sign, digits before and after the point, exponent. */
const numberPattern = /^([+-]?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d{1,5}))?$/;

/** `bits` without the sign. */
function fitWhole(json: string, bits: bigint): Fitted {
  const expected = `expected a whole number of ${bits + 1n} bits`;
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = numberMatch(json) ?? [];
  if (whole === "") return unfit(`it is not a number, ${expected}`);
  const digits = `${whole}${fraction}`.replace(/^0+(?=\d)/, "");
  const shift = Number(exponent) - fraction.length;
  const cut = digits.slice(0, Math.max(0, digits.length + shift));
  if (shift < 0 && /[1-9]/.test(digits.slice(cut.length))) {
    return unfit(`it is not whole, ${expected}`);
  }
  const isZero = !/[1-9]/.test(digits);
  // More digits than any of the types has, so that no huge number is computed.
  if (!isZero && cut.length + Math.max(0, shift) > 19) return unfit(`it is too large, ${expected}`);
  const size = isZero ? 0n : BigInt(cut.padEnd(cut.length + Math.max(0, shift), "0"));
  const value = sign === "-" ? -size : size;
  if (value >= 1n << bits || value < -(1n << bits)) return unfit(`it is too large, ${expected}`);
  return fitted(value.toString());
}

/** PostgreSQL's own bounds are higher, but no real value has so many digits. */
const numericDigitsMax = 1000;

function fitNumeric(json: string): Fitted {
  const match = numberMatch(json);
  if (match === null) return unfit("it is not a number, expected one");
  const [text, , whole = "", fraction = "", exponent = "0"] = match;
  const digits = whole.length + fraction.length + Math.abs(Number(exponent));
  if (digits > numericDigitsMax) return unfit(`it has more than ${numericDigitsMax} digits`);
  return fitted(text);
}

function fitDouble(json: string): Fitted {
  const match = numberMatch(json);
  if (match === null) return unfit("it is not a number, expected one");
  const value = Number(match[0]);
  if (!Number.isFinite(value)) return unfit("it is too large, expected a double");
  return fitted(String(value));
}

function fitBoolean(json: string): Fitted {
  const text = isContainer(json) ? "" : scalarText(json).trim().toLowerCase();
  if (text === "true" || text === "false") return fitted(text);
  return unfit("it is not a boolean, expected true or false");
}

/** RFC 3339. A time without a zone is UTC, like the times of spreadsheets; a date is its midnight. */
function fitTime(json: string): Fitted {
  const expected = "expected a time like 2026-01-31T12:00:00Z";
  if (!json.startsWith('"')) return unfit(`it is not text, ${expected}`);
  const text = scalarText(json).trim();
  const time = parseCivilTime(text);
  if (time === undefined) {
    const isLikeOne = /^\d{4}-\d\d-\d\d/.test(text);
    return unfit(`${isLikeOne ? "there is no such time" : "it is not a time"}, ${expected}`);
  }
  return fitted(`${time.date} ${time.clock}${time.fraction}${time.zone ?? "Z"}`);
}

/** A number, or text that is one. */
function numberMatch(json: string): RegExpExecArray | null {
  return isContainer(json) ? null : numberPattern.exec(scalarText(json).trim());
}

function isContainer(json: string): boolean {
  return json.startsWith("{") || json.startsWith("[");
}

/** A string's characters; any other scalar as it is written. */
function scalarText(json: string): string {
  return json.startsWith('"') ? String(JSON.parse(json)) : json;
}
