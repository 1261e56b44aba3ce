/** Compressed messages of streams: flag 1, gzip. */

import type { Buffer } from "node:buffer";
import { gunzipSync } from "node:zlib";
import { Failure } from "../../core/failure.ts";
import { messageTooLarge, unnamedCompression } from "./errors.ts";

/**
 * Synchronous, not as a stream: messages are small, and must stay in the order of the call. Throws
 * `too_large` when more than `bytesMax` would come out, `invalid` on what is not gzip.
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
  try {
    return gunzipSync(bytes, { maxOutputLength: bytesMax });
  } catch (error) {
    throw inflateError(error, () => messageTooLarge(`more than ${bytesMax} bytes after inflating`));
  }
}

/** Why zlib gave up, as the caller may know it. */
export function inflateError(error: unknown, tooLarge: () => Error): Error {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ERR_BUFFER_TOO_LARGE") return tooLarge();
  return new Failure("invalid", "Cannot inflate a message: it is not gzip", { cause: error });
}
