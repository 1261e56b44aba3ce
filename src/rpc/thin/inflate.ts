/** Compressed messages of streams: flag 1, gzip. */

import type { Buffer } from "node:buffer";
import { gunzipSync } from "node:zlib";
import { inflatedRatioMax, isBomb } from "../../core/budget/inflation.ts";
import { Failure } from "../../core/failure.ts";
import { messageTooLarge, unnamedCompression } from "./errors.ts";

/** Head and end of the shortest gzip. */
const gzipBytesMin = 18;

/** Deflate makes nothing shorter than that: an end that says so belongs to something else. */
const ratioMax = 1032;

/**
 * Synchronous, not as a stream: messages are small, and must stay in the order of the call. The end of a
 * gzip says how much comes out, so that a bomb is refused before it is inflated, and one that says
 * less than the truth takes no more time than it says. Throws `too_large` when more than `bytesMax`
 * would come out, `invalid` on what is not gzip.
 */
export function inflate(
  flags: number,
  isCompressed: boolean,
  bytes: Buffer,
  bytesMax: number,
): Buffer {
  if (flags !== 1) throw new Failure("invalid", `Cannot read a message: its flags are ${flags}`);
  if (!isCompressed) throw unnamedCompression;
  if (bytes.byteLength === 0) return bytes;
  const tooLarge = () => messageTooLarge(`more than ${bytesMax} bytes after inflating`);
  const size = sizeOf(bytes);
  if (size === undefined) throw notGzip();
  if (size > bytesMax) throw tooLarge();
  if (isBomb(bytes.byteLength, size)) throw bomb;
  try {
    // In one piece: zlib would join others, which takes longer than to inflate them.
    return gunzipSync(bytes, { maxOutputLength: Math.max(1, size), chunkSize: chunkFor(size) });
  } catch (error) {
    throw inflateError(error, () => wrongSize);
  }
}

/** It takes milliseconds of the event loop, and a few kilobytes ask for it. */
const bomb = messageTooLarge(`more than ${inflatedRatioMax} times its size after inflating`);

/** What comes out, as the end says; undefined: these are not the bytes of a gzip. */
function sizeOf(bytes: Buffer): number | undefined {
  if (bytes.byteLength < gzipBytesMin || bytes.readUInt16BE(0) !== 0x1f8b) return undefined;
  const size = bytes.readUInt32LE(bytes.byteLength - 4);
  return size <= bytes.byteLength * ratioMax ? size : undefined;
}

const wrongSize = new Failure(
  "invalid",
  "Cannot inflate a message: more comes out than its end says, or it is several gzips",
);

function chunkFor(size: number): number {
  return Math.min(Math.max(1024, size + 1), 16 * 1024 * 1024);
}

/** Why zlib gave up, as the caller may know it. */
export function inflateError(error: unknown, tooLarge: () => Error): Error {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ERR_BUFFER_TOO_LARGE") return tooLarge();
  return notGzip(error);
}

function notGzip(cause?: unknown): Failure {
  return new Failure("invalid", "Cannot inflate a message: it is not gzip", { cause });
}
