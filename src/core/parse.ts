/**
 * Texts of queries, settings and arguments as values. A parser returns the value or what it
 * expected instead: HTTP, the settings and the command line each word their own errors of that.
 */

import { invalidField, quoted } from "./failure.ts";

export type Parsed<Value> =
  | { readonly ok: true; readonly value: Value }
  /** `expected` goes on after the word: "a whole number from 1 to 1000". */
  | { readonly ok: false; readonly expected: string };

/** A whole number; `min` and `max` are safe integers. */
export function parseCount(text: string, min: number, max: number): Parsed<number> {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return { ok: true, value };
  return { ok: false, expected: `a whole number from ${min} to ${max}` };
}

/** `Number` alone takes hexadecimal digits and spaces as well. */
const decimal = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/;

/** A decimal number, such as `0.5` or `1e6`. */
export function parseNumber(text: string, min: number, max: number): Parsed<number> {
  const value = decimal.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return { ok: true, value };
  return { ok: false, expected: `a number from ${min} to ${max}` };
}

export function parseChoice<Choice extends string>(
  text: string,
  choices: readonly Choice[],
): Parsed<Choice> {
  const value = choices.find((choice) => choice === text);
  if (value !== undefined) return { ok: true, value };
  const [first, second] = choices;
  const all = choices.length === 2 ? `${first} or ${second}` : `one of ${choices.join(", ")}`;
  return { ok: false, expected: all };
}

/** The first spelling of each is the one that is expected. */
export function parseFlag(
  text: string,
  spellings: { readonly on: readonly string[]; readonly off: readonly string[] } = trueOrFalse,
): Parsed<boolean> {
  if (spellings.on.includes(text)) return { ok: true, value: true };
  if (spellings.off.includes(text)) return { ok: true, value: false };
  return { ok: false, expected: `${spellings.on[0]} or ${spellings.off[0]}` };
}

const trueOrFalse = { on: ["true"], off: ["false"] };

/** The value of a request's field, or throws the failure `invalid` that names it. */
export function fieldValue<Value>(field: string, given: string, parsed: Parsed<Value>): Value {
  if (parsed.ok) return parsed.value;
  throw invalidField(field, `Cannot use ${field} ${quoted(given)}: expected ${parsed.expected}`);
}

/** Parsers of URLs resolve these segments, also percent-encoded, so nothing named so has an address. */
export function isDotSegment(name: string): boolean {
  return name === "." || name === "..";
}
