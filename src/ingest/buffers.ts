/**
 * Buffers of one size that are reused: at full rate 130 MB of frames pass in a second, and memory
 * grows by what the garbage collector finds late.
 */

import { Buffer } from "node:buffer";

/** 16 MiB of 256 KiB each: as many as one batcher appends at once. */
const keptMax = 64;

export class Buffers {
  readonly #bytes: number;
  readonly #kept: Buffer[] = [];

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  take(): Buffer {
    return this.#kept.pop() ?? Buffer.allocUnsafeSlow(this.#bytes);
  }

  /** The caller must drop it: the next `take` may return it. One of another size is not kept. */
  give(buffer: Buffer): void {
    if (buffer.byteLength === this.#bytes && this.#kept.length < keptMax) this.#kept.push(buffer);
  }
}
