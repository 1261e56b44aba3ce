/** Bytes as text: what cannot be decoded is a failure, never another character. */

import { isUtf8 } from "node:buffer";
import { Failure } from "../../core/failure.ts";
import { createStrictDocumentDecoder } from "../../core/utf8.ts";

export const encodings = ["utf-8", "windows-1252"] as const;
export type Encoding = (typeof encodings)[number];

type StrictDecoder = ReturnType<typeof createStrictDocumentDecoder>;

/**
 * Throws a `Failure` that names the first byte that is not UTF-8, after all text before it. A byte
 * order mark is left out. `expected` ends the message.
 */
export async function* utf8Pieces(
  pieces: AsyncIterable<Uint8Array>,
  expected: string,
): AsyncGenerator<string, void, undefined> {
  const decoder = createStrictDocumentDecoder("utf-8");
  let rest: Uint8Array = new Uint8Array(0);
  for await (const piece of pieces) {
    const bytes = rest.byteLength === 0 ? piece : Buffer.concat([rest, piece]);
    const whole = wholeCharacters(bytes);
    if (!isUtf8(bytes.subarray(0, whole))) yield* untilDamage(decoder, bytes, expected);
    yield decoder.decode(bytes.subarray(0, whole), { stream: true });
    rest = bytes.subarray(whole);
  }
  if (rest.byteLength > 0) yield* untilDamage(decoder, rest, expected);
}

/** Every byte is a character, so no file is damaged in this encoding. */
export async function* windows1252Pieces(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<string, void, undefined> {
  const decoder = createStrictDocumentDecoder("windows-1252");
  for await (const piece of pieces) yield decoder.decode(piece, { stream: true });
}

/** `bytes` begin with a character, and somewhere they are not UTF-8. */
function* untilDamage(
  decoder: StrictDecoder,
  bytes: Uint8Array,
  expected: string,
): Generator<string, never> {
  // An end within a character is no damage, so a prefix is right up to one length, and wrong past it.
  const isRight = (length: number) => isUtf8(bytes.subarray(0, wholeCharacters(bytes, length)));
  let right = 0;
  let wrong = bytes.byteLength;
  while (wrong - right > 1) {
    const middle = (right + wrong) >>> 1;
    if (isRight(middle)) right = middle;
    else wrong = middle;
  }
  const whole = wholeCharacters(bytes, right);
  yield decoder.decode(bytes.subarray(0, whole), { stream: true });
  const byte = (bytes[whole] ?? 0).toString(16).toUpperCase().padStart(2, "0");
  throw new Failure("invalid", `it is not UTF-8 (byte ${byte}), expected ${expected}`);
}

/** The length without a character whose last bytes are missing. */
function wholeCharacters(bytes: Uint8Array, length = bytes.byteLength): number {
  for (let back = 1; back <= 3 && back <= length; back++) {
    const byte = bytes[length - back] ?? 0;
    if (byte < 0x80) return length;
    const isFirst = byte >= 0xc0;
    // The ones that it begins with are the number of the character's bytes.
    if (isFirst) return back < Math.clz32((~byte & 0xff) << 24) ? length - back : length;
  }
  return length;
}
