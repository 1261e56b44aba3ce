/** The bytes that JSON is made of. */

export const OPEN_BRACE = 0x7b;
export const OPEN_BRACKET = 0x5b;
export const CLOSE_BRACE = 0x7d;
export const CLOSE_BRACKET = 0x5d;
export const QUOTE = 0x22;
export const BACKSLASH = 0x5c;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const MINUS = 0x2d;
export const PLUS = 0x2b;
export const DOT = 0x2e;
export const ZERO = 0x30;
export const SPACE = 0x20;
export const NEWLINE = 0x0a;
export const CARRIAGE_RETURN = 0x0d;
export const TAB = 0x09;

export function isJsonSpace(byte: number | undefined): boolean {
  return byte === SPACE || byte === NEWLINE || byte === CARRIAGE_RETURN || byte === TAB;
}

export function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= 0x39;
}

/** Index of the first byte that is not white space. */
export function spaceEnd(bytes: Uint8Array, from: number, to = bytes.byteLength): number {
  let at = from;
  while (at < to && isJsonSpace(bytes[at])) at++;
  return at;
}

/** Without the white space around it. */
export function trimJson(bytes: Uint8Array): Uint8Array {
  const from = spaceEnd(bytes, 0);
  let to = bytes.byteLength;
  while (to > from && isJsonSpace(bytes[to - 1])) to--;
  return from === 0 && to === bytes.byteLength ? bytes : bytes.subarray(from, to);
}
