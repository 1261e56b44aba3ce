/**
 * Bytes as text. A `TextDecoder` drops a byte order mark (U+FEFF) unless `ignoreBOM` is set, so that two
 * texts, one with it and one without, would become the same key, header or id. A mark is not part of
 * the text only where it begins a document: a body, a message, a file.
 */

import type { Turn } from "./budget/turn.ts";

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lossy = new TextDecoder("utf-8", { ignoreBOM: true });
const document = new TextDecoder("utf-8", { fatal: true });

/** Throws a `TypeError` on bytes that are not UTF-8. */
export function textFromUtf8(bytes: Uint8Array): string {
  return strict.decode(bytes);
}

/** U+FFFD takes the place of bytes that are not UTF-8. */
export function lossyTextFromUtf8(bytes: Uint8Array): string {
  return lossy.decode(bytes);
}

/** A whole document, without its mark. Throws a `TypeError` on bytes that are not UTF-8. */
export function documentFromUtf8(bytes: Uint8Array): string {
  return document.decode(bytes);
}

/** Bytes that are decoded between two looks at the clock. */
const decodedAtOnce = 256 * 1024;

/** The same in turns. */
export async function documentInTurns(bytes: Uint8Array, turn: Turn): Promise<string> {
  if (bytes.byteLength <= decodedAtOnce) return documentFromUtf8(bytes);
  const decoder = createStrictDocumentDecoder("utf-8");
  const parts: string[] = [];
  for (let from = 0; from < bytes.byteLength; from += decodedAtOnce) {
    if (turn.isOver) await turn.next();
    const to = from + decodedAtOnce;
    const stream = to < bytes.byteLength;
    parts.push(decoder.decode(bytes.subarray(from, to), { stream }));
  }
  return parts.join("");
}

/** Decodes a document in pieces, without its mark. U+FFFD takes the place of bytes that are not UTF-8. */
export function createDocumentDecoder(): TextDecoder {
  return new TextDecoder();
}

/** The same, but it throws a `TypeError` on bytes that are not of the encoding. */
export function createStrictDocumentDecoder(encoding: "utf-8" | "windows-1252"): TextDecoder {
  return new TextDecoder(encoding, { fatal: true });
}
