/** A record's JSON as values of CEL: whole numbers are integers of 64 bits, exactly. */

import { type CelInput, celUint } from "@bufbuild/cel";
import { textFromUtf8 } from "../../../core/utf8.ts";

interface Source {
  readonly source?: string;
}

const depthMax = 100;
/** Containers, members and elements: as many take some ten milliseconds. */
const valuesMax = 250_000;
const int64Min = -(2n ** 63n);
const int64Max = 2n ** 63n - 1n;
const uint64Max = 2n ** 64n - 1n;

/** Throws where the bytes are not JSON, or have too many values or levels. */
export function celFromJson(bytes: Uint8Array): CelInput {
  const text = textFromUtf8(bytes);
  // Slower: only where a number may not be a safe integer.
  const parsed: unknown = /\d{16}/.test(text) ? JSON.parse(text, exact) : JSON.parse(text);
  return convert(parsed, { left: valuesMax }, 0);
}

function exact(_key: string, value: unknown, context?: Source): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? "";
  return /^-?\d{1,30}$/.test(source) ? BigInt(source) : value;
}

function convert(value: unknown, budget: { left: number }, depth: number): CelInput {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isSafeInteger(value) ? BigInt(value) : value;
    case "bigint":
      return integer(value);
    default:
  }
  if (typeof value !== "object" || value === null) return null;
  if (depth === depthMax) throw new RangeError("too deep");
  const isList = Array.isArray(value);
  const entries: [string, unknown][] = Object.entries(value);
  budget.left -= entries.length;
  if (budget.left < 0) throw new RangeError("too many values");
  if (isList) return entries.map(([, item]) => convert(item, budget, depth + 1));
  return new Map(entries.map(([name, item]) => [name, convert(item, budget, depth + 1)]));
}

/** Past 64 bits a double, as other readers have it. */
function integer(value: bigint): CelInput {
  if (value >= int64Min && value <= int64Max) return value;
  return value >= 0n && value <= uint64Max ? celUint(value) : Number(value);
}
