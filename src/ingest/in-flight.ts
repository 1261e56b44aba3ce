/** What was taken in and is not yet durable, of all calls together: the bound that memory has. */
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

  /** Throws `overloaded`. One call is always let in, however large: it could never be retried with success otherwise. */
  admit(bytes: number): void {
    this.check(bytes);
    this.#bytes += bytes;
  }

  /** The same for those whose bytes are added where they are taken. */
  check(bytes: number): void {
    if (this.#bytes === 0 || this.#bytes + bytes <= this.bytesMax) return;
    throw new Failure(
      "overloaded",
      `Cannot append ${bytes} bytes: ${this.#bytes} are not yet durable, at most ${this.bytesMax} may be`,
      { retryAfterMs: 1000 },
    );
  }

  /** Throws `overloaded` when there is no room: for calls that hold all they bring already. */
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
    // At half: streams that are let go one record at a time would do little else than wait.
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
