/**
 * Buffers of one size, used again: at full rate 130 MB of frames pass in a second, and what a
 * collection finds late is the process' memory.
 */
import { Buffer } from "node:buffer";

/** 16 MiB of 256 KiB each: as many as are being appended at once by one lane. */
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

  /** Nobody else may hold it. Those of another size are left to the collection. */
  give(buffer: Buffer): void {
    if (buffer.byteLength === this.#bytes && this.#kept.length < keptMax) this.#kept.push(buffer);
  }
}
