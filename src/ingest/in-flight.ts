/** Bytes that were taken in and are not yet durable, of all calls together: this bounds memory. */

import { Failure } from "../core/failure.ts";

export class InFlight {
  readonly bytesMax: number;
  #bytes = 0;
  #waiting: (() => void)[] = [];

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isFull(): boolean {
    return this.#bytes >= this.bytesMax;
  }

  /** Throws `overloaded`. A call that is alone is always admitted: else a large one could never succeed. */
  admit(bytes: number): void {
    this.check(bytes);
    this.#bytes += bytes;
  }

  /** The same for callers whose bytes are added later, one part after another. */
  check(bytes: number): void {
    if (this.#bytes === 0 || this.#bytes + bytes <= this.bytesMax) return;
    throw new Failure(
      "overloaded",
      `Cannot append ${bytes} bytes: ${this.#bytes} are not yet durable, at most ${this.bytesMax} may be`,
      { retryAfterMs: 1000 },
    );
  }

  /** Throws `overloaded` when there is no room: for callers whose memory is in use already. */
  refuseIfFull(): void {
    if (!this.isFull) return;
    throw new Failure(
      "overloaded",
      `Cannot take records: ${this.#bytes} bytes are not yet durable, at most ${this.bytesMax} may be`,
      { retryAfterMs: 1000 },
    );
  }

  /** For streams, which wait for `room` afterwards instead of being refused. */
  add(bytes: number): void {
    this.#bytes += bytes;
  }

  release(bytes: number): void {
    this.#bytes -= bytes;
    // At half: streams that are woken for one record at a time would do little but wait.
    if (this.#waiting.length === 0 || this.#bytes > this.bytesMax / 2) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** Resolves once there is room again. */
  room(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
