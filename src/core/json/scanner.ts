/**
 * Checks that bytes are JSON without building its values, and reports where the elements of a container
 * end. `JSON.parse` cannot be interrupted, and takes a third of a second for a megabyte that nests deep
 * or has many members; a scan is linear, and can be continued after a pause. A test compares it with
 * `JSON.parse`.
 */

import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  DOT,
  isDigit,
  isJsonSpace,
  MINUS,
  OPEN_BRACE,
  OPEN_BRACKET,
  PLUS,
  QUOTE,
  SPACE,
  ZERO,
} from "./bytes.ts";

/** Why a scan paused. */
export type Found =
  /** Behind a comma of a watched container. */
  | "comma"
  /** Behind the bracket or brace that closes a watched container in another one. */
  | "close"
  /** Behind the value. */
  | "value"
  /** After the number of bytes. */
  | "step"
  /** It is not JSON: `wrong` has the reason. */
  | "wrong";

/** Depth for which there is room without growing. */
const depthKept = 1024;

// What is expected next, or what the scan is in.
const VALUE = 0;
const VALUE_OR_CLOSE = 1;
const NAME = 2;
const NAME_OR_CLOSE = 3;
const AFTER_NAME = 4;
const AFTER_VALUE = 5;
const IN_NAME = 6;
const IN_TEXT = 7;
const DONE = 8;

/** Whether a byte in a string needs no look: ASCII without controls, quote and backslash. */
const plain = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= SPACE && byte < 0x80 && byte !== QUOTE && byte !== BACKSLASH ? 1 : 0,
);

const expectations: readonly string[] = [
  "a value",
  "a value or ]",
  "a member's name",
  "a member's name or }",
  "a colon",
  "a comma or the end of the object or array",
  "the closing quote",
  "the closing quote",
  "nothing more",
];

export class JsonScanner {
  /** Index of the next byte. */
  at = 0;
  /** Number of open containers. */
  depth = 0;
  /** Separators of containers that are not deeper are reported; 0: only the end of the value. */
  watchedDepth = 0;
  /** Set by bytes beyond ASCII in strings, which may not be UTF-8. */
  hasHighBytes = false;
  /** Why it is not JSON. */
  wrong = "";
  #bytes: Uint8Array = new Uint8Array(0);
  #end = 0;
  #state = VALUE;
  /** For each open container, whether it is an object. */
  #objects = new Uint8Array(depthKept);

  /** Begins a value in `bytes[from … to]`. */
  open(bytes: Uint8Array, from = 0, to = bytes.byteLength): this {
    this.#bytes = bytes;
    this.at = from;
    this.#end = to;
    this.depth = 0;
    this.watchedDepth = 0;
    this.hasHighBytes = false;
    this.#state = VALUE;
    if (this.#objects.length > depthKept) this.#objects = new Uint8Array(depthKept);
    return this;
  }

  /** Whether all of the bytes are one value, and white space around it. */
  isWhole(): boolean {
    if (this.next(Number.POSITIVE_INFINITY) !== "value") return false;
    for (let at = this.at; at < this.#end; at++) {
      if (isJsonSpace(this.#bytes[at])) continue;
      this.at = at;
      this.#fail(at, DONE);
      return false;
    }
    return true;
  }

  /** Goes on, for about `bytesMax` bytes. */
  next(bytesMax: number): Found {
    const bytes = this.#bytes;
    let objects = this.#objects;
    const stop = Math.min(this.#end, this.at + bytesMax);
    let { at, depth } = this;
    let state = this.#state;
    let { hasHighBytes } = this;
    let found: Found = "step";
    while (at < stop) {
      let byte = bytes[at] ?? 0;
      if (state >= IN_NAME) {
        while (plain[byte] === 1 && ++at < stop) byte = bytes[at] ?? 0;
        if (at >= stop) break;
        if (byte >= 0x80) {
          hasHighBytes = true;
          at++;
          continue;
        }
        if (byte === QUOTE) {
          at++;
          state = state === IN_NAME ? AFTER_NAME : AFTER_VALUE;
          if (depth > 0 || state === AFTER_NAME) continue;
          found = "value";
          break;
        }
        const length = byte === BACKSLASH ? escapeLength(bytes, at + 1, this.#end) : 0;
        if (length === 0) {
          found = this.#refuse(byte === BACKSLASH ? badEscape : controlCharacter);
          break;
        }
        at += 1 + length;
        continue;
      }
      at++;
      if (byte <= SPACE && isJsonSpace(byte)) continue;
      if (state === AFTER_VALUE) {
        if (byte === COMMA) {
          state = objects[depth] === 1 ? NAME : VALUE;
          if (depth > this.watchedDepth) continue;
          found = "comma";
          break;
        }
        const isClose = byte === (objects[depth] === 1 ? CLOSE_BRACE : CLOSE_BRACKET);
        if (!isClose) {
          found = this.#fail(--at, state);
          break;
        }
      } else if (state === AFTER_NAME) {
        if (byte !== COLON) {
          found = this.#fail(--at, state);
          break;
        }
        state = VALUE;
        continue;
      } else if (byte === QUOTE) {
        state = state >= NAME ? IN_NAME : IN_TEXT;
        continue;
      } else if (state >= NAME) {
        if (byte !== CLOSE_BRACE || state !== NAME_OR_CLOSE) {
          found = this.#fail(--at, state);
          break;
        }
      } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        if (depth + 1 === objects.length) objects = this.#objects = this.#deepen();
        objects[++depth] = byte === OPEN_BRACE ? 1 : 0;
        state = byte === OPEN_BRACE ? NAME_OR_CLOSE : VALUE_OR_CLOSE;
        continue;
      } else if (byte !== CLOSE_BRACKET || state !== VALUE_OR_CLOSE) {
        const end = scalarEnd(bytes, --at, this.#end);
        if (end < 0) {
          found = this.#fail(at, state);
          break;
        }
        at = end;
        state = AFTER_VALUE;
        if (depth > 0) continue;
        found = "value";
        break;
      }
      // A container is closed.
      depth--;
      state = AFTER_VALUE;
      if (depth > 0 && depth >= this.watchedDepth) continue;
      found = depth === 0 ? "value" : "close";
      break;
    }
    this.at = at;
    this.depth = depth;
    this.#state = state;
    this.hasHighBytes = hasHighBytes;
    if (found === "step" && at >= this.#end) return this.#fail(at, state);
    return found;
  }

  /** Twice the depth. */
  #deepen(): Uint8Array<ArrayBuffer> {
    const deeper = new Uint8Array(this.#objects.length * 2);
    deeper.set(this.#objects);
    return deeper;
  }

  #fail(at: number, state: number): Found {
    const byte = at < this.#end ? this.#bytes[at] : undefined;
    return this.#refuse(`${describeByte(byte)}, expected ${expectations[state]}`);
  }

  #refuse(wrong: string): Found {
    this.wrong = wrong;
    return "wrong";
  }
}

const badEscape = "a string has a bad escape";
const controlCharacter = "a string has a control character";

function describeByte(byte: number | undefined): string {
  if (byte === undefined) return "it ends early";
  if (byte > SPACE && byte < 0x7f) return `found ${JSON.stringify(String.fromCharCode(byte))}`;
  return `found byte 0x${byte.toString(16).padStart(2, "0")}`;
}

/** Length of what follows the backslash of an escape; 0 for one that JSON does not have. */
function escapeLength(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return 0;
  switch (bytes[at]) {
    case QUOTE:
    case BACKSLASH:
    case 0x2f: // /
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return 1;
    case 0x75: // u
      if (at + 5 > end) return 0;
      for (let i = at + 1; i < at + 5; i++) if (!isHex(bytes[i] ?? 0)) return 0;
      return 5;
    default:
      return 0;
  }
}

/** Where the number, `true`, `false` or `null` ends that begins at `at`; −1 for anything else. */
function scalarEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  const first = bytes[at];
  if (first === 0x74) return hasLetters(bytes, at, end, "true");
  if (first === 0x66) return hasLetters(bytes, at, end, "false");
  if (first === 0x6e) return hasLetters(bytes, at, end, "null");
  if (first === MINUS) at++;
  if (at >= end || !isDigit(bytes[at])) return -1;
  if (bytes[at] === ZERO) at++;
  else at = digitsEnd(bytes, at, end);
  if (at < end && bytes[at] === DOT) {
    const digits = at + 1;
    at = digitsEnd(bytes, digits, end);
    if (at === digits) return -1;
  }
  if (at < end && ((bytes[at] ?? 0) | 0x20) === 0x65) {
    at++;
    if (at < end && (bytes[at] === PLUS || bytes[at] === MINUS)) at++;
    const digits = at;
    at = digitsEnd(bytes, digits, end);
    if (at === digits) return -1;
  }
  return at;
}

function digitsEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && isDigit(bytes[at])) at++;
  return at;
}

function hasLetters(bytes: Uint8Array, at: number, end: number, letters: string): number {
  if (at + letters.length > end) return -1;
  for (let i = 0; i < letters.length; i++) {
    if (bytes[at + i] !== letters.charCodeAt(i)) return -1;
  }
  return at + letters.length;
}

function isHex(byte: number): boolean {
  const letter = byte | 0x20;
  return isDigit(byte) || (letter >= 0x61 && letter <= 0x66);
}
