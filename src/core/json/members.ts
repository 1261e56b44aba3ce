/**
 * Some members of a JSON value of a record's size, without building the others: `JSON.parse` takes 50 ms
 * for a megabyte of small members, and a scan a few.
 */

import { textFromUtf8 } from "../utf8.ts";
import { BACKSLASH, COLON, OPEN_BRACE, OPEN_BRACKET, QUOTE, spaceEnd, trimJson } from "./bytes.ts";
import { checkJson, isUtf8, stringEnd } from "./json.ts";
import { JsonScanner } from "./scanner.ts";

/** `JSON.parse` creates what is in fewer bytes within a millisecond. */
const parsedBytesMax = 16 * 1024;

/** One for all calls, because each is synchronous. */
const scanner = new JsonScanner();
const utf8 = new TextEncoder();

/** Whether parsing all of it takes long. */
export function isLongJson(json: Uint8Array): boolean {
  return json.byteLength > parsedBytesMax;
}

/**
 * As `JSON.parse`, but a long object has only the members of these names, and a long array, or a member
 * that is a long array or object, is empty. Throws where the bytes are not JSON.
 */
export function parseMembers(json: Uint8Array, names: readonly string[]): unknown {
  if (!isLongJson(json)) return JSON.parse(textFromUtf8(json));
  const members = trimJson(json)[0] === OPEN_BRACE ? namedMembers(json, names) : undefined;
  if (members !== undefined) {
    return Object.fromEntries(Array.from(members, ([name, value]) => [name, parseShallow(value)]));
  }
  const checked = checkJson(json);
  if (!checked.ok) throw new SyntaxError(checked.message);
  return parseShallow(checked.value);
}

/**
 * The JSON text of the members of these names, by name; of two with one name the last counts. An
 * array's elements have their index as name. Undefined unless the bytes are a JSON object or array.
 */
export function namedMembers(
  json: Uint8Array,
  names: readonly string[],
): Map<string, Uint8Array> | undefined {
  const text = trimJson(json);
  const isObject = text[0] === OPEN_BRACE;
  if (!isObject && text[0] !== OPEN_BRACKET) return undefined;
  const wanted = names.map((name) => ({ name, bytes: utf8.encode(name) }));
  const wantedIndexes = new Set(names.filter((name) => /^\d+$/.test(name)).map(Number));
  const members = new Map<string, Uint8Array>();
  scanner.open(text).watchedDepth = 1;
  for (let from = 1, index = 0; ; from = scanner.at, index++) {
    const found = scanner.next(Number.POSITIVE_INFINITY);
    if (found === "wrong") return undefined;
    const to = scanner.at - 1;
    if (isObject) {
      const member = memberIn(text, from, to, wanted);
      if (member !== undefined) members.set(...member);
    } else if (wantedIndexes.has(index)) {
      const element = trimJson(text.subarray(from, to));
      if (element.byteLength > 0) members.set(String(index), element);
    }
    if (found !== "comma") break;
  }
  if (scanner.at < text.byteLength) return undefined;
  return scanner.hasHighBytes && !isUtf8(text) ? undefined : members;
}

interface Wanted {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The member in `text[from … to]`, if it has one of the names. */
function memberIn(
  text: Uint8Array,
  from: number,
  to: number,
  wanted: readonly Wanted[],
): readonly [string, Uint8Array] | undefined {
  const nameFrom = spaceEnd(text, from);
  if (text[nameFrom] !== QUOTE) return undefined;
  const nameEnd = stringEnd(text, nameFrom);
  const name = nameIn(text, nameFrom + 1, nameEnd - 1, wanted);
  if (name === undefined) return undefined;
  return [name, trimJson(text.subarray(text.indexOf(COLON, nameEnd) + 1, to))];
}

/** Which of the names is written in `text[from … to]`. */
function nameIn(
  text: Uint8Array,
  from: number,
  to: number,
  wanted: readonly Wanted[],
): string | undefined {
  const length = to - from;
  for (const { name, bytes } of wanted) {
    if (length === bytes.byteLength && isAt(text, from, bytes)) return name;
    // Each character may be written as an escape of six.
    const mayBeEscaped = length > bytes.byteLength && length <= name.length * 6;
    if (!mayBeEscaped || !text.subarray(from, to).includes(BACKSLASH)) continue;
    if (JSON.parse(textFromUtf8(text.subarray(from - 1, to + 1))) === name) return name;
  }
  return undefined;
}

function isAt(text: Uint8Array, from: number, bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.byteLength; i++) if (text[from + i] !== bytes[i]) return false;
  return true;
}

/** A valid value; a long array or object as an empty one. */
function parseShallow(json: Uint8Array): unknown {
  if (isLongJson(json)) {
    if (json[0] === OPEN_BRACE) return {};
    if (json[0] === OPEN_BRACKET) return [];
  }
  return JSON.parse(textFromUtf8(json));
}
