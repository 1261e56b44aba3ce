/**
 * A cursor over the bytes of JSON. It reads numbers without creating their text, where that is
 * exact. Rare cases (escapes, long mantissas, unknown members) go to `JSON.parse`, so that both
 * agree on what JSON is.
 */

import type { Buffer } from "node:buffer";
import { Failure } from "../../../core/failure.ts";
import { textFromUtf8 } from "../../../core/utf8.ts";

const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
const ZERO = 0x30;
const SPACE = 0x20;
const UPPER_E = 0x45;
const LOWER_E = 0x65;

/** A mantissa up to here can take another digit and stay exact. */
const mantissaMax = Math.floor((2 ** 53 - 10) / 10);
/** The exact powers of ten: a product or quotient with one of them is rounded once, as it must be. */
const powers = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));

/** A measurement of 64 values, each written with all its digits, is a twentieth of this. */
export const measurementBytesMax = 64 * 1024;

/** Throws `invalid` on anything but JSON. `bytes[end]` is a line break or past the end of `bytes`. */
export class JsonCursor {
  bytes: Buffer;
  at: number;
  end: number;
  /** Where a value is too large to be a part of a measurement. */
  limit = Number.POSITIVE_INFINITY;

  constructor(bytes: Buffer, at = 0, end = bytes.byteLength) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  /** A number as JSON has it, to the nearest float64. */
  number(): number {
    const bytes = this.bytes;
    const from = this.at;
    let at = from;
    const isNegative = bytes[at] === MINUS;
    if (isNegative) at++;
    if (!isDigit(bytes[at])) throw this.unexpected("a digit");
    if (bytes[at] === ZERO && isDigit(bytes[at + 1])) throw this.unexpected("no leading zero");
    let mantissa = 0;
    let exponent = 0;
    let isExact = true;
    for (; isDigit(bytes[at]); at++) {
      if (mantissa > mantissaMax) isExact = false;
      mantissa = mantissa * 10 + ((bytes[at] ?? 0) - ZERO);
    }
    if (bytes[at] === DOT) {
      const dot = at++;
      for (; isDigit(bytes[at]); at++) {
        if (mantissa > mantissaMax) isExact = false;
        mantissa = mantissa * 10 + ((bytes[at] ?? 0) - ZERO);
      }
      exponent = dot + 1 - at;
      this.at = at;
      if (exponent === 0) throw this.unexpected("a digit");
    }
    if (bytes[at] === LOWER_E || bytes[at] === UPPER_E) {
      at++;
      const sign = bytes[at];
      if (sign === PLUS || sign === MINUS) at++;
      const first = at;
      while (isDigit(bytes[at])) at++;
      this.at = at;
      if (at === first) throw this.unexpected("a digit");
      const power = digitsOf(bytes, first, at);
      exponent += sign === MINUS ? -power : power;
    }
    this.at = at;
    if (!isExact || exponent < -22 || exponent > 22) {
      return Number(bytes.toString("latin1", from, at));
    }
    const scaled =
      exponent < 0 ? mantissa / (powers[-exponent] ?? 1) : mantissa * (powers[exponent] ?? 1);
    return isNegative ? -scaled : scaled;
  }

  /** Reads the string that begins here with its quote, using `JSON.parse`. */
  text(): string {
    const from = this.at;
    this.skipString();
    const text: unknown = parseJson(this.bytes.subarray(from, this.at));
    return String(text);
  }

  /** Moves past any value, and checks that it is JSON. */
  otherValue(): void {
    const bytes = this.bytes;
    const from = this.at;
    let depth = 0;
    for (;;) {
      const byte = this.at < this.end ? bytes[this.at] : undefined;
      if (byte === undefined) break;
      this.checkLimit();
      if (byte === QUOTE) {
        this.skipString();
        if (depth === 0) break;
        continue;
      }
      const closes = byte === CLOSE_BRACE || byte === CLOSE_BRACKET;
      if (depth === 0 && (closes || byte === COMMA || isSpace(byte))) break;
      this.at++;
      if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
      else if (closes && --depth === 0) break;
    }
    if (this.at === from) throw this.unexpected("a value");
    parseJson(bytes.subarray(from, this.at));
  }

  skipString(): void {
    const bytes = this.bytes;
    const end = Math.min(this.end, this.limit);
    let at = this.at + 1;
    while (at < end && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
    if (at >= end) this.checkLimit(at);
    if (at >= end) throw invalidJson("a string has no end");
    this.at = at + 1;
  }

  /** Moves past white space and returns the byte there; 0 at the end. */
  next(): number {
    const bytes = this.bytes;
    let byte = bytes[this.at] ?? 0;
    while (byte <= SPACE) {
      if (this.at >= this.end || !isSpace(byte)) return 0;
      byte = bytes[++this.at] ?? 0;
    }
    return this.at < this.end ? byte : 0;
  }

  /** Throws `invalid` past the limit: what is looked at in one go has a bound. */
  checkLimit(at = this.at): void {
    if (at < this.limit) return;
    const message = `Cannot take a measurement of more than ${measurementBytesMax} bytes`;
    throw new Failure("invalid", message);
  }

  snippet(from: number): string {
    const text = this.bytes.toString("utf8", from, Math.min(this.at, from + 40));
    return this.at > from + 40 ? `${text}…` : text;
  }

  unexpected(expected: string): Failure {
    const { at } = this;
    const found = at < this.end ? JSON.stringify(this.bytes.toString("latin1", at, at + 1)) : "";
    return invalidJson(`found ${found === "" ? "the end" : found}, expected ${expected}`);
  }
}

export function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= 0x39;
}

export function isSpace(byte: number | undefined): boolean {
  return byte === SPACE || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** Digits as a number, exact up to fifteen digits. */
export function digitsOf(bytes: Buffer, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at++) value = value * 10 + ((bytes[at] ?? 0) - ZERO);
  return value;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(textFromUtf8(bytes));
  } catch (error) {
    // A RangeError is the JavaScript engine's bound on nesting.
    if (error instanceof RangeError) throw invalidJson("it is nested too deeply");
    throw invalidJson(error instanceof Error ? error.message : "it is not JSON");
  }
}

function invalidJson(what: string): Failure {
  return new Failure("invalid", `Cannot parse JSON: ${what.replace(/^JSON Parse error: /, "")}`);
}
