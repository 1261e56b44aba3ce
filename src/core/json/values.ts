/**
 * The values of a body: one, the elements of an array, or one a line. They are counted while they are
 * cut, and all of it is done in turns, because a body may consist of millions of them.
 */

import type { Turn } from "../budget/turn.ts";
import { Failure, invalidField, invalidIssue, type Issue } from "../failure.ts";
import { textFromUtf8 } from "../utf8.ts";
import {
  COLON,
  isJsonSpace,
  NEWLINE,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  spaceEnd,
  trimJson,
} from "./bytes.ts";
import { checkJson, isUtf8, stringEnd, withoutMark } from "./json.ts";
import { type Found, JsonScanner } from "./scanner.ts";

export interface ValueBounds {
  readonly valuesMax: number;
  /** A larger value is refused. */
  readonly valueBytesMax: number;
}

/** Bytes that are read between two looks at the clock: a fraction of a millisecond. */
const stepBytes = 32 * 1024;
/** Lines between two looks at the clock. */
const stepLines = 16;

/**
 * The values of a body, or why one is refused. A bad line is refused individually. "either": lines, if
 * the first line is a value and more follows. Throws `too_large` past the number of values, and
 * `invalid` for an array that is not JSON.
 */
export async function valuesOf(
  body: Uint8Array,
  form: "lines" | "either",
  bounds: ValueBounds,
  turn: Turn,
): Promise<(Uint8Array | Issue)[]> {
  if (form === "lines") return await lineValues(withoutMark(body), bounds, turn);
  const text = await trimInTurns(withoutMark(body), turn);
  if (text[0] === OPEN_BRACKET) return await arrayOrLines(text, bounds, turn);
  const newline = text.indexOf(NEWLINE);
  if (newline > 0) {
    const line = text.subarray(0, newline);
    // A value that is too large to be looked at is refused in either form.
    const isValue = line.byteLength > bounds.valueBytesMax || checkJson(line).ok;
    if (isValue) return await lineValues(text, bounds, turn);
  }
  return [valueFrom(text, bounds)];
}

/** Bodies up to this size are parsed without yielding. */
const shortBytes = 4096;

/**
 * `valuesOf` at once for what most bodies are: one short object without line breaks. Undefined for all
 * others.
 */
export function shortValue(body: Uint8Array, bounds: ValueBounds): Uint8Array | Issue | undefined {
  if (body[0] !== OPEN_BRACE || body.byteLength > shortBytes) return undefined;
  return body.includes(NEWLINE) ? undefined : valueFrom(body, bounds);
}

/**
 * The elements of the array that a body has as its member `name`. The caller refuses those that are
 * too large. Throws `invalid` for another body, and `too_large` past the number
 * of elements.
 */
export async function memberElements(
  body: Uint8Array,
  name: string,
  bounds: ValueBounds,
  turn: Turn,
): Promise<Uint8Array[]> {
  const text = await trimInTurns(withoutMark(body), turn);
  if (text[0] !== OPEN_BRACE) throw withoutArray(text, name);
  const scanner = new JsonScanner().open(text);
  let elements: Uint8Array[] | undefined;
  for (let from = 1; ; from = scanner.at) {
    const open = arrayOfMember(text, from, name);
    // As for JSON.parse, the last member of a name counts.
    if (open !== undefined) {
      elements = await cutElements(scanner, text, { from: open, depth: 2 }, bounds, turn);
    }
    scanner.watchedDepth = 1;
    if ((await nextFound(scanner, turn)) === "comma") continue;
    if (scanner.at < text.byteLength) throw notJson("there is more after the object");
    if (elements === undefined) throw withoutArray(text, name);
    return elements;
  }
}

/**
 * The members of an object as JSON text, by name; of two with one name the last counts. Throws `invalid`
 * for other texts, and `too_large` past the number of members.
 */
export async function objectMembers(
  body: Uint8Array,
  membersMax: number,
  turn: Turn,
): Promise<Map<string, Uint8Array>> {
  const text = await trimInTurns(withoutMark(body), turn);
  if (text[0] !== OPEN_BRACE) throw notJson("it is not an object");
  const scanner = new JsonScanner().open(text);
  const bounds = { valuesMax: membersMax, valueBytesMax: Number.POSITIVE_INFINITY };
  const cut = await cutElements(scanner, text, { from: 1, depth: 1 }, bounds, turn);
  if (scanner.at < text.byteLength) throw notJson("there is more after the object");
  const members = new Map<string, Uint8Array>();
  for (const member of cut) {
    const nameEnd = stringEnd(member, 0);
    const name: unknown = JSON.parse(textFromUtf8(member.subarray(0, nameEnd)));
    const colon = member.indexOf(COLON, nameEnd);
    members.set(String(name), trimJson(member.subarray(colon + 1)));
  }
  return members;
}

/** The elements of a valid JSON array. Throws `too_large` past the number of elements. */
export async function elementsInTurns(
  array: Uint8Array,
  elementsMax: number,
  turn: Turn,
): Promise<Uint8Array[]> {
  const scanner = new JsonScanner().open(array);
  const bounds = { valuesMax: elementsMax, valueBytesMax: Number.POSITIVE_INFINITY };
  return await cutElements(scanner, array, { from: 1, depth: 1 }, bounds, turn);
}

/** `trimJson` for a body, all of which may be white space. */
async function trimInTurns(bytes: Uint8Array, turn: Turn): Promise<Uint8Array> {
  let from = 0;
  let to = bytes.byteLength;
  for (;;) {
    const stop = Math.min(to, from + stepBytes);
    from = spaceEnd(bytes, from, stop);
    if (from < stop || from === to) break;
    if (turn.isOver) await turn.next();
  }
  for (let left = stepBytes; to > from && isJsonSpace(bytes[to - 1]); to--) {
    if (left-- > 0) continue;
    left = stepBytes;
    if (turn.isOver) await turn.next();
  }
  return from === 0 && to === bytes.byteLength ? bytes : bytes.subarray(from, to);
}

async function lineValues(
  text: Uint8Array,
  bounds: ValueBounds,
  turn: Turn,
): Promise<(Uint8Array | Issue)[]> {
  const values: (Uint8Array | Issue)[] = [];
  let lines = 0;
  for (let at = 0; at < text.byteLength;) {
    // Empty lines are passed byte by byte, which is faster than a search for the end of each.
    const end = Math.min(text.byteLength, at + stepBytes);
    while (at < end && isJsonSpace(text[at])) at++;
    if (at === end || lines++ % stepLines === 0) {
      if (turn.isOver) await turn.next();
      if (at === end) continue;
    }
    const newline = text.indexOf(NEWLINE, at);
    const to = newline < 0 ? text.byteLength : newline;
    if (values.length === bounds.valuesMax) throw tooMany(bounds.valuesMax);
    values.push(valueFrom(text.subarray(at, to), bounds));
    at = to + 1;
  }
  return values;
}

/** The elements of an array, or lines of which the first is an array. */
async function arrayOrLines(
  text: Uint8Array,
  bounds: ValueBounds,
  turn: Turn,
): Promise<(Uint8Array | Issue)[]> {
  const scanner = new JsonScanner().open(text);
  const values = await cutElements(scanner, text, { from: 1, depth: 1 }, bounds, turn);
  if (scanner.at < text.byteLength) {
    const newline = text.indexOf(NEWLINE, scanner.at);
    if (newline < 0 || spaceEnd(text, scanner.at) < newline) {
      throw notJson("there is more after the array");
    }
    return await lineValues(text, bounds, turn);
  }
  const { valueBytesMax } = bounds;
  return values.map((value) =>
    value.byteLength > valueBytesMax ? tooLarge(value.byteLength, bounds) : value,
  );
}

/** What the commas separate in the array or object at `depth`, the first of which begins at `from`, up to its end. */
async function cutElements(
  scanner: JsonScanner,
  text: Uint8Array,
  array: { readonly from: number; readonly depth: number },
  { valuesMax }: ValueBounds,
  turn: Turn,
): Promise<Uint8Array[]> {
  const elements: Uint8Array[] = [];
  scanner.watchedDepth = array.depth;
  let { from } = array;
  for (let stepEnd = from + stepBytes; ;) {
    const found = scanner.next(stepBytes);
    if (scanner.at >= stepEnd) {
      stepEnd = scanner.at + stepBytes;
      if (turn.isOver) await turn.next();
    }
    if (found === "step") continue;
    if (found === "wrong") throw notJson(scanner.wrong);
    const element = trimJson(text.subarray(from, scanner.at - 1));
    from = scanner.at;
    if (element.byteLength > 0) {
      if (elements.length === valuesMax) throw tooMany(valuesMax);
      if (scanner.hasHighBytes && !isUtf8(element)) throw notJson("it is not UTF-8");
      elements.push(element);
    }
    scanner.hasHighBytes = false;
    if (found !== "comma") return elements;
  }
}

/** Reads on to the next comma or end. Throws `invalid` where it is not JSON. */
async function nextFound(scanner: JsonScanner, turn: Turn): Promise<Found> {
  for (;;) {
    const found = scanner.next(stepBytes);
    if (found === "wrong") throw notJson(scanner.wrong);
    if (found !== "step") return found;
    if (turn.isOver) await turn.next();
  }
}

/** The index behind the bracket, where the member at `from` is an array of this name. */
function arrayOfMember(text: Uint8Array, at: number, name: string): number | undefined {
  const from = spaceEnd(text, at);
  if (text[from] !== QUOTE) return undefined;
  // Each character may be written as an escape of six.
  const written = text.subarray(from, from + name.length * 6 + 2);
  const length = stringEnd(written, 0);
  if (length > written.byteLength || !isText(written.subarray(0, length), name)) return undefined;
  const colon = spaceEnd(text, from + length);
  if (text[colon] !== COLON) return undefined;
  const open = spaceEnd(text, colon + 1);
  return text[open] === OPEN_BRACKET ? open + 1 : undefined;
}

function isText(json: Uint8Array, text: string): boolean {
  const checked = checkJson(json);
  return checked.ok && JSON.parse(textFromUtf8(checked.value)) === text;
}

function valueFrom(bytes: Uint8Array, bounds: ValueBounds): Uint8Array | Issue {
  const value = trimJson(bytes);
  if (value.byteLength > bounds.valueBytesMax) return tooLarge(value.byteLength, bounds);
  const checked = checkJson(value);
  return checked.ok ? checked.value : invalidIssue("body", checked.message);
}

function tooMany(valuesMax: number): Failure {
  return new Failure("too_large", `Cannot take more than ${valuesMax} values in a call`);
}

function tooLarge(bytes: number, { valueBytesMax }: ValueBounds): Issue {
  const message = `Cannot take a record of ${bytes} bytes: at most ${valueBytesMax} are`;
  return { field: "value", code: "too_large", message };
}

function withoutArray(text: Uint8Array, name: string): Failure {
  const what = text.byteLength === 0 ? "it is empty" : `it has no array "${name}"`;
  return invalidField(`/${name}`, `Cannot take the body: ${what}, expected {"${name}":[…]}`);
}

function notJson(what: string): Failure {
  return invalidField("body", `Cannot parse JSON: ${what}`);
}
