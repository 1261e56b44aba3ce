/**
 * Scalars of the JSON form, by the grammar that readers of all languages share. JavaScript's own
 * conversions accept more: `BigInt(" 7 ")`, `Number("0x1F")`, an int64 that was rounded before.
 */

import { ScalarType } from "@bufbuild/protobuf";
import { quoted } from "../../../../core/failure.ts";
import { integerBounds, isLong, isWithin } from "../../integers.ts";
import { type JsonNode, NumberText } from "./parse.ts";
import { JsonProblem } from "./problem.ts";

/** What `fromJson` of protobuf-es reads without loss. */
export type ScalarJson = string | number | boolean;

/** Throws `JsonProblem`. */
export function readScalar(type: ScalarType, node: JsonNode): ScalarJson {
  switch (type) {
    case ScalarType.STRING:
      if (typeof node === "string") return node;
      throw wrong(node, "a string");
    case ScalarType.BOOL:
      if (typeof node === "boolean") return node;
      throw wrong(node, "true or false");
    case ScalarType.BYTES:
      if (typeof node === "string" && isBase64(node)) return node;
      throw wrong(node, "base64");
    case ScalarType.FLOAT:
    case ScalarType.DOUBLE:
      return readFloat(type, node);
    default:
      return readInteger(type, node);
  }
}

/** Keys of maps are strings, with integers in plain digits. */
export function readMapKey(type: ScalarType, key: string): string {
  switch (type) {
    case ScalarType.STRING:
      return key;
    case ScalarType.BOOL:
      if (key === "true" || key === "false") return key;
      throw new JsonProblem(`has the key ${quoted(key)}, expected "true" or "false"`);
    default: {
      const value = plainInteger.test(key) ? integerFrom(key) : undefined;
      if (value !== undefined && isWithin(value, type)) return String(value);
      throw new JsonProblem(`has the key ${quoted(key)}, expected ${integerNames(type)}`);
    }
  }
}

const plainInteger = /^-?(?:0|[1-9][0-9]*)$/;

/** A number, or a string with the same grammar; also `1.0` and `1e3`, which are whole. */
export function readInteger(type: ScalarType, node: JsonNode): ScalarJson {
  const text = node instanceof NumberText ? node.text : node;
  if (typeof text !== "string") throw wrong(node, integerNames(type));
  const value = integerFrom(text);
  if (value === undefined || !isWithin(value, type)) throw wrong(node, integerNames(type));
  return isLong(type) ? String(value) : Number(value);
}

const number = /^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([-+]?[0-9]+))?$/;
/** Digits of the largest int64 and uint64. */
const digitsMax = 20;

/** The exact value; undefined for what is not a whole number, and for more digits than 64 bits have. */
export function integerFrom(text: string): bigint | undefined {
  const match = number.exec(text);
  if (match === null) return undefined;
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = match;
  if (fraction === "" && exponent === "0") {
    return whole.length <= digitsMax ? BigInt(sign + whole) : undefined;
  }
  const significant = (whole + fraction).replace(/^0+/, "");
  const digits = withoutTrailingZeros(significant);
  if (digits === "") return 0n;
  // Digits that follow the last one that is not zero, down to the point.
  const zeros = Number(exponent) - fraction.length + (significant.length - digits.length);
  if (zeros < 0 || digits.length + zeros > digitsMax) return undefined;
  return BigInt(sign + digits + "0".repeat(zeros));
}

/** By hand: `/0+$/` tries each zero of a long run. */
function withoutTrailingZeros(digits: string): string {
  let end = digits.length;
  while (digits[end - 1] === "0") end--;
  return digits.slice(0, end);
}

function readFloat(type: ScalarType, node: JsonNode): ScalarJson {
  if (node === "NaN" || node === "Infinity" || node === "-Infinity") return node;
  const text = node instanceof NumberText ? node.text : node;
  if (typeof text === "string" && number.test(text)) {
    const value = Number(text);
    // Past its range a number would become infinite, which must be written as such.
    const rounded = type === ScalarType.FLOAT ? Math.fround(value) : value;
    if (Number.isFinite(rounded)) return value;
  }
  throw wrong(node, type === ScalarType.FLOAT ? "a number of 32 bits" : "a number of 64 bits");
}

/** Standard or URL-safe, padded or not. */
function isBase64(text: string): boolean {
  const bare = text.replace(/={1,2}$/, "");
  if (!/^(?:[A-Za-z0-9+/]*|[A-Za-z0-9_-]*)$/.test(bare) || bare.length % 4 === 1) return false;
  return bare.length === text.length || text.length % 4 === 0;
}

function integerNames(type: ScalarType): string {
  const [min, max] = integerBounds(type);
  return `a whole number from ${min} to ${max}`;
}

export function wrong(node: JsonNode, expected: string): JsonProblem {
  return new JsonProblem(`is ${shown(node)}, expected ${expected}`);
}

function shown(node: JsonNode): string {
  if (node instanceof NumberText) return node.text.length > 50 ? "a long number" : node.text;
  if (node === null || typeof node !== "object") return quoted(node);
  return node instanceof Map ? "an object" : "an array";
}
