/**
 * JSON as text: a batch is cut into its values without rendering them again, because a JavaScript
 * number would round an int64 (invariant 7).
 */

import { textFromUtf8 } from "./utf8.ts";

/** A value's bytes, or why they are not JSON. */
export type JsonValue =
  | { readonly ok: true; readonly value: Uint8Array }
  | { readonly ok: false; readonly message: string };

/**
 * The values of a body: one value, the elements of an array, or one value a line (NDJSON). A
 * bad line is refused individually; any other body is one bad value.
 */
export function jsonValues(body: Uint8Array, form: "json" | "lines" | "either"): JsonValue[] {
  if (form === "lines") return lineValues(body);
  const whole = checkJson(body);
  if (!whole.ok) return form === "either" && startsWithValueLine(body) ? lineValues(body) : [whole];
  if (whole.value[0] !== OPEN_BRACKET) return [whole];
  return arrayElements(whole.value).map((value) => ({ ok: true, value }));
}

/** The raw text of each member of a JSON object, by name; undefined unless it is an object. */
export function jsonMembers(text: string): Map<string, string> | undefined {
  const bytes = new TextEncoder().encode(text);
  const whole = checkJson(bytes);
  if (!whole.ok || whole.value[0] !== OPEN_BRACE) return undefined;
  const members = new Map<string, string>();
  for (const member of cutElements(whole.value)) {
    const nameEnd = stringEnd(member, 0);
    const name: unknown = JSON.parse(textFromUtf8(member.subarray(0, nameEnd)));
    const colon = member.indexOf(COLON, nameEnd);
    members.set(String(name), textFromUtf8(trim(member.subarray(colon + 1))));
  }
  return members;
}

/** The raw elements of a valid JSON array, without the white space around them. */
export function arrayElements(array: Uint8Array): Uint8Array[] {
  return [...cutElements(array)];
}

/** Checks one value, and trims the white space around it. A byte order mark before it is not JSON. */
export function checkJson(bytes: Uint8Array): JsonValue {
  try {
    JSON.parse(textFromUtf8(bytes));
    return { ok: true, value: trim(bytes) };
  } catch (error) {
    // A RangeError is the engine's bound of nesting.
    const what = error instanceof RangeError ? "it is nested too deeply" : messageOf(error);
    return { ok: false, message: `Cannot parse JSON: ${what}` };
  }
}

/**
 * A body or message without the byte order mark that some programs put in front of it. A reader may
 * drop it (RFC 8259, section 8.1). What is stored must not begin with one, because other readers
 * refuse such JSON.
 */
export function withoutMark(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACE = 0x7d;
const CLOSE_BRACKET = 0x5d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const NEWLINE = 0x0a;

function lineValues(body: Uint8Array): JsonValue[] {
  const values: JsonValue[] = [];
  for (let from = 0; from < body.byteLength;) {
    const newline = body.indexOf(NEWLINE, from);
    const to = newline < 0 ? body.byteLength : newline;
    const line = trim(body.subarray(from, to));
    if (line.byteLength > 0) values.push(checkJson(line));
    from = to + 1;
  }
  return values;
}

function startsWithValueLine(body: Uint8Array): boolean {
  const text = trim(body);
  const newline = text.indexOf(NEWLINE);
  return newline > 0 && checkJson(text.subarray(0, newline)).ok;
}

/** Cuts a valid array or object at its top-level commas. */
function* cutElements(container: Uint8Array): Generator<Uint8Array> {
  let depth = 0;
  let from = 1;
  for (let at = 0; at < container.byteLength; at++) {
    const byte = container[at];
    if (byte === QUOTE) at = stringEnd(container, at) - 1;
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
    else if (byte === COMMA && depth === 1) {
      yield trim(container.subarray(from, at));
      from = at + 1;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      if (--depth > 0) continue;
      const last = trim(container.subarray(from, at));
      if (last.byteLength > 0) yield last;
    }
  }
}

/** Index after the closing quote of the string that opens at `at`. */
function stringEnd(bytes: Uint8Array, at: number): number {
  let end = at + 1;
  while (bytes[end] !== QUOTE) end += bytes[end] === BACKSLASH ? 2 : 1;
  return end + 1;
}

function trim(bytes: Uint8Array): Uint8Array {
  let from = 0;
  let to = bytes.byteLength;
  while (from < to && isSpace(bytes[from])) from++;
  while (to > from && isSpace(bytes[to - 1])) to--;
  return from === 0 && to === bytes.byteLength ? bytes : bytes.subarray(from, to);
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function messageOf(error: unknown): string {
  return error instanceof Error
    ? error.message.replace(/^JSON Parse error: /, "")
    : "it is not JSON";
}
