/** Inflates the parts of an archive so that a failure comes after all bytes before the damage. */

import { crc32, createInflateRaw } from "node:zlib";
import { Failure } from "../../core/failure.ts";

/** A thousand times as much may come out of it. */
const pieceBytesMax = 16 * 1024;

/** Raw deflate. */
export async function* inflated(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const inflate = createInflateRaw();
  let output: Uint8Array[] = [];
  let failure: Error | undefined;
  // After a failure as well, when a write does not call back.
  const closed = new Promise<void>((resolve) => {
    inflate.on("data", (bytes: Uint8Array) => output.push(bytes));
    inflate.on("error", (error) => (failure = error));
    inflate.on("close", resolve);
  });
  const take = () => {
    const bytes = output;
    output = [];
    return bytes;
  };
  try {
    for await (const piece of pieces) {
      for (let from = 0; from < piece.byteLength; from += pieceBytesMax) {
        const part = piece.subarray(from, from + pieceBytesMax);
        const written = new Promise<unknown>((resolve) => inflate.write(part, resolve));
        await Promise.race([written, closed]);
        yield* take();
        if (failure !== undefined) throw damaged(failure);
      }
    }
    inflate.end();
    await closed;
    yield* take();
    if (failure !== undefined) throw damaged(failure);
  } finally {
    inflate.destroy();
  }
}

/** Throws a `Failure` at the end if the bytes do not have the checksum. */
export async function* checked(
  pieces: AsyncIterable<Uint8Array>,
  expected: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let checksum = 0;
  for await (const piece of pieces) {
    checksum = crc32(piece, checksum);
    yield piece;
  }
  if (checksum !== expected) throw new Failure("invalid", "it is damaged, its checksum is wrong");
}

function damaged(cause: Error): Failure {
  return new Failure("invalid", `it is damaged (${cause.message})`, { cause });
}
