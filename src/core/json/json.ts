/**
 * JSON as text: values are cut out of it without rendering them again, because a JavaScript number
 * would round an int64 (invariant 7). These functions are for texts of a record's size; `values.ts`
 * cuts whole bodies.
 */

import { textFromUtf8 } from "../utf8.ts";
import { BACKSLASH, COLON, OPEN_BRACE, OPEN_BRACKET, QUOTE, trimJson } from "./bytes.ts";
import { JsonScanner } from "./scanner.ts";

/** One for all calls, because each is synchronous. */
const scanner = new JsonScanner();

/** A value's bytes, or why they are not JSON. */
export type JsonValue =
  | { readonly ok: true; readonly value: Uint8Array }
  | { readonly ok: false; readonly message: string };

/** Checks one value, and trims the white space around it. A byte order mark before it is not JSON. */
export function checkJson(bytes: Uint8Array): JsonValue {
  const isJson = scanner.open(bytes).isWhole();
  if (isJson && (!scanner.hasHighBytes || isUtf8(bytes))) {
    return { ok: true, value: trimJson(bytes) };
  }
  return { ok: false, message: `Cannot parse JSON: ${whyNotJson(bytes, isJson)}` };
}

/** The raw text of each member of a JSON object, by name; undefined unless it is an object. */
export function jsonMembers(text: string): Map<string, string> | undefined {
  const whole = checkJson(new TextEncoder().encode(text));
  if (!whole.ok || whole.value[0] !== OPEN_BRACE) return undefined;
  const members = new Map<string, string>();
  for (const member of elementsOf(whole.value)) {
    const nameEnd = stringEnd(member, 0);
    const name: unknown = JSON.parse(textFromUtf8(member.subarray(0, nameEnd)));
    const colon = member.indexOf(COLON, nameEnd);
    members.set(String(name), textFromUtf8(trimJson(member.subarray(colon + 1))));
  }
  return members;
}

/** The raw elements of a valid JSON array, without the white space around them; empty for others. */
export function arrayElements(array: Uint8Array): Uint8Array[] {
  return array[0] === OPEN_BRACKET ? elementsOf(array) : [];
}

/**
 * A body or message without the byte order mark that some programs put in front of it. A reader may
 * drop it (RFC 8259, section 8.1). What is stored must not begin with one, because other readers
 * refuse such JSON.
 */
export function withoutMark(bytes: Uint8Array): Uint8Array {
  return isMarked(bytes) ? bytes.subarray(3) : bytes;
}

function isMarked(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

export function isUtf8(bytes: Uint8Array): boolean {
  try {
    textFromUtf8(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Cuts a valid array or object at its own commas. */
function elementsOf(container: Uint8Array): Uint8Array[] {
  const elements: Uint8Array[] = [];
  scanner.open(container).watchedDepth = 1;
  for (let from = 1; ; from = scanner.at) {
    const found = scanner.next(Number.POSITIVE_INFINITY);
    const element = trimJson(container.subarray(from, scanner.at - 1));
    if (element.byteLength > 0) elements.push(element);
    if (found !== "comma") return elements;
  }
}

/** Index after the closing quote of the string that opens at `at`, or past the end without one. */
export function stringEnd(bytes: Uint8Array, at: number): number {
  let end = at + 1;
  while (end < bytes.byteLength && bytes[end] !== QUOTE) end += bytes[end] === BACKSLASH ? 2 : 1;
  return end + 1;
}

function whyNotJson(bytes: Uint8Array, isJson: boolean): string {
  if (isJson) return "it is not UTF-8";
  if (trimJson(bytes).byteLength === 0) return "it is empty";
  return isMarked(bytes) ? "it begins with a byte order mark" : scanner.wrong;
}
