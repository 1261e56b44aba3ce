/**
 * Finds the messages of a streamed body: one byte of flags, four of length (big-endian), the
 * message. gRPC, gRPC-Web and Connect streams share this form. A message that is whole inside a
 * chunk is handed over in place; only one that is split over chunks is copied.
 */

import { Buffer } from "node:buffer";
import type { Share } from "../../core/budget/memory.ts";
import { messageTooLarge } from "./errors.ts";

const headBytes = 5;
const empty = Buffer.alloc(0);

export type OnMessage = (flags: number, bytes: Buffer, from: number, to: number) => void;

export class Messages {
  readonly #bytesMax: number;
  readonly #onMessage: OnMessage;
  readonly #receiving: Share;
  /** The part that has arrived of a message that is not whole yet. */
  #rest = empty;
  #restLength = 0;

  /** A message past `bytesMax` is `too_large`, as soon as its length is known. */
  constructor(bytesMax: number, receiving: Share, onMessage: OnMessage) {
    this.#bytesMax = bytesMax;
    this.#receiving = receiving;
    this.#onMessage = onMessage;
  }

  /** Whether the body may end here. */
  get isWhole(): boolean {
    return this.#restLength === 0;
  }

  /** Bytes of the message that is not whole yet. */
  get restBytes(): number {
    return this.#restLength;
  }

  /** Forgets the part of a message that has arrived. */
  drop(): void {
    this.#receiving.release(this.#rest.byteLength);
    this.#rest = empty;
    this.#restLength = 0;
  }

  /** Throws `overloaded` where this node has too many messages that are not whole. */
  push(bytes: Uint8Array): void {
    const chunk = bufferOf(bytes);
    let at = this.#restLength === 0 ? 0 : this.#complete(chunk);
    const { byteLength } = chunk;
    while (at + headBytes <= byteLength) {
      const from = at + headBytes;
      const to = from + this.#length(chunk, at);
      if (to > byteLength) break;
      this.#onMessage(chunk[at] ?? 0, chunk, from, to);
      at = to;
    }
    if (at < byteLength) this.#keep(chunk, at);
  }

  /** Completes the message that was begun with bytes of `chunk`; returns where it ends there. */
  #complete(chunk: Buffer): number {
    let at = 0;
    if (this.#restLength < headBytes) {
      at = this.#append(chunk, 0, headBytes - this.#restLength);
      if (this.#restLength < headBytes) return at;
    }
    const whole = headBytes + this.#length(this.#rest, 0);
    at = this.#append(chunk, at, whole - this.#restLength, whole);
    if (this.#restLength < whole) return at;
    const bytes = this.#rest;
    this.drop();
    this.#onMessage(bytes[0] ?? 0, bytes, headBytes, whole);
    return at;
  }

  #keep(chunk: Buffer, at: number): void {
    const left = chunk.byteLength - at;
    const whole = left < headBytes ? headBytes : headBytes + this.#length(chunk, at);
    this.#append(chunk, at, left, whole);
  }

  /** Copies up to `count` bytes; `whole` is the size of the message as far as it is known. */
  #append(chunk: Buffer, at: number, count: number, whole = headBytes): number {
    const end = Math.min(chunk.byteLength, at + count);
    const length = this.#restLength + end - at;
    if (this.#rest.byteLength < length) {
      // Grows with the bytes that have arrived, because a length may lie.
      const size = Math.max(length, Math.min(whole, length * 2));
      this.#receiving.take(size - this.#rest.byteLength);
      const bytes = Buffer.allocUnsafeSlow(size);
      this.#rest.copy(bytes, 0, 0, this.#restLength);
      this.#rest = bytes;
    }
    chunk.copy(this.#rest, this.#restLength, at, end);
    this.#restLength = length;
    return end;
  }

  #length(bytes: Buffer, at: number): number {
    const length =
      (bytes[at + 1] ?? 0) * 0x1000000 +
      (((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 8) | (bytes[at + 4] ?? 0));
    if (length > this.#bytesMax) {
      throw messageTooLarge(`${length} bytes: at most ${this.#bytesMax}`);
    }
    return length;
  }
}

/** The message behind its five bytes of flags and length, as streams carry it. */
export function enveloped(flags: number, bytes: Uint8Array): Uint8Array {
  const message = new Uint8Array(headBytes + bytes.byteLength);
  message[0] = flags;
  new DataView(message.buffer).setUint32(1, bytes.byteLength);
  message.set(bytes, headBytes);
  return message;
}

/** The same bytes, not copied. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
