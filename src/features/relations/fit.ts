/**
 * What a column takes: a value's JSON text becomes the text that PostgreSQL reads as the column's
 * type, or a reason why it does not. No number passes through a JavaScript number on its way to an
 * exact type, so an int64 and a numeric arrive as they were written.
 */
import type { ColumnType } from "./relation.ts";

export type Fitted =
  | { readonly ok: true; readonly text: string | null }
  /** Why it is none, and what is expected: `it is no number, expected one`. */
  | { readonly ok: false; readonly why: string };

/** `json` is one value's own text. Missing and `null` are null in every column. */
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

/** Numbers and booleans are taken as they were written: files tell them apart from text badly. */
function fitText(json: string): Fitted {
  if (isContainer(json)) return unfit("it is an object or an array, expected text");
  const text = scalarText(json);
  if (text.includes("\0")) return unfit("it holds a NUL character, which no text can");
  return fitted(text.toWellFormed());
}

/** Sign, digits before and behind the point, exponent. */
const numberPattern = /^([+-]?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d{1,5}))?$/;

/** `bits` besides the sign. */
function fitWhole(json: string, bits: bigint): Fitted {
  const wanted = `expected a whole number of ${bits + 1n} bits`;
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = numberMatch(json) ?? [];
  if (whole === "") return unfit(`it is no number, ${wanted}`);
  const digits = `${whole}${fraction}`.replace(/^0+(?=\d)/, "");
  const shift = Number(exponent) - fraction.length;
  const cut = digits.slice(0, Math.max(0, digits.length + shift));
  if (shift < 0 && /[1-9]/.test(digits.slice(cut.length))) {
    return unfit(`it is not whole, ${wanted}`);
  }
  const isZero = !/[1-9]/.test(digits);
  // More digits than any of the types has: no number is made of them.
  if (!isZero && cut.length + Math.max(0, shift) > 19) return unfit(`it is too large, ${wanted}`);
  const size = isZero ? 0n : BigInt(cut.padEnd(cut.length + Math.max(0, shift), "0"));
  const value = sign === "-" ? -size : size;
  if (value >= 1n << bits || value < -(1n << bits)) return unfit(`it is too large, ${wanted}`);
  return fitted(value.toString());
}

/** PostgreSQL's own bounds are higher; nobody measures with so many digits. */
const numericDigitsMax = 1000;

function fitNumeric(json: string): Fitted {
  const match = numberMatch(json);
  if (match === null) return unfit("it is no number, expected one");
  const [text, , whole = "", fraction = "", exponent = "0"] = match;
  const digits = whole.length + fraction.length + Math.abs(Number(exponent));
  if (digits > numericDigitsMax) return unfit(`it has more than ${numericDigitsMax} digits`);
  return fitted(text);
}

function fitDouble(json: string): Fitted {
  const match = numberMatch(json);
  if (match === null) return unfit("it is no number, expected one");
  const value = Number(match[0]);
  if (!Number.isFinite(value)) return unfit("it is too large, expected a double");
  return fitted(String(value));
}

function fitBoolean(json: string): Fitted {
  const text = isContainer(json) ? "" : scalarText(json).trim().toLowerCase();
  if (text === "true" || text === "false") return fitted(text);
  return unfit("it is neither, expected true or false");
}

const timePattern =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(\.\d{1,9})?)?)? ?(Z|z|[+-]\d\d:?\d\d)?$/;

/** RFC 3339; without a zone it is UTC, as a spreadsheet's times are read, and a date is its midnight. */
function fitTime(json: string): Fitted {
  const wanted = "expected a time like 2026-01-31T12:00:00Z";
  if (!json.startsWith('"')) return unfit(`it is no text, ${wanted}`);
  const match = timePattern.exec(scalarText(json).trim());
  if (match === null) return unfit(`it is no time, ${wanted}`);
  const [, year = "", month = "", day = "", hour = "00", minute = "00", second = "00"] = match;
  const { 7: fraction = "", 8: zone = "Z" } = match;
  const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  // JavaScript lets the 31st of June be the 1st of July.
  const stands = !Number.isNaN(date.getTime()) && date.getUTCDate() === Number(day);
  const zoneStands = /^[Zz]$/.test(zone) || /^[+-](0\d|1[0-4]):?[0-5]\d$/.test(zone);
  if (!stands || !zoneStands || year === "0000" || hour === "24") {
    return unfit(`there is no such time, ${wanted}`);
  }
  return fitted(`${year}-${month}-${day} ${hour}:${minute}:${second}${fraction}${zone}`);
}

/** A number, or a text that holds one. */
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
