/**
 * Bytes that were taken in and are not yet durable, of all calls together: this bounds memory.
 *
 * One caller cannot fill it, so that there is always room for others: each may have at most twice as much as
 * is free. One that is alone can have two thirds of the bound, two can have two fifths each, three two
 * sevenths. The more there is to share, the less each gets, without a count of those who share it
 * (Choudhury and Hahne, "Dynamic queue length thresholds for shared-memory packet switches", 1998).
 * Callers that the gateway cannot tell apart, and its features, have no portion: only the bound is theirs.
 */

import type { Portion } from "../core/access/portion.ts";
import { Failure } from "../core/failure.ts";

/** What a caller may have for each byte that is free. */
const perFree = 2;

export class InFlight {
  readonly bytesMax: number;
  readonly #onHit: () => void;
  #bytes = 0;
  #waiting: (() => void)[] = [];
  /** What has become durable since the first of them waits. */
  #releasedBytes = 0;
  /** Those whose streams wait for their part. */
  readonly #usedUp = new Set<Portion>();

  /** `onHit` is called whenever a caller has all that it may have, and the others could go on. */
  constructor(bytesMax: number, onHit: () => void = () => {}) {
    this.bytesMax = bytesMax;
    this.#onHit = onHit;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isFull(): boolean {
    return this.#bytes >= this.bytesMax;
  }

  /** Whether no more may be taken of this caller at present, or of anybody. */
  isFullFor(portion: Portion | undefined): boolean {
    return this.isFull || this.#isUsedUp(portion, 1);
  }

  /** Throws `overloaded`. A call that is alone is always admitted: else a large one could never succeed. */
  admit(bytes: number, portion?: Portion): void {
    this.#require(bytes, portion);
    this.add(bytes, portion);
  }

  /** Throws `overloaded` when there is no room: for callers whose memory is in use already. */
  refuseIfFull(portion?: Portion): void {
    if (this.isFull) {
      throw overloaded(
        `Cannot take records: ${this.#bytes} bytes are not yet durable, at most ${this.bytesMax} may be`,
      );
    }
    this.#requireLeft(portion, 1);
  }

  /** For streams, which wait for `room` afterwards instead of being refused. */
  add(bytes: number, portion?: Portion): void {
    this.#bytes += bytes;
    if (portion !== undefined) portion.bytes += bytes;
  }

  release(bytes: number, portion?: Portion): void {
    this.#bytes -= bytes;
    if (portion !== undefined) {
      portion.bytes -= bytes;
      if (portion.waiting.length > 0 && this.#isHalfLeft(portion)) this.#wake(portion);
    }
    // At half: streams that are woken for one record at a time would do little but wait.
    const isHalfFree = this.#bytes <= this.bytesMax / 2;
    if (isHalfFree) for (const one of this.#usedUp) this.#wake(one);
    if (this.#waiting.length === 0) return;
    this.#releasedBytes += bytes;
    // Callers that are refused and come again can keep it above half for as long as they like.
    const isTurnedOver = this.#releasedBytes >= this.bytesMax && !this.isFull;
    if (isHalfFree || isTurnedOver) this.#wakeAll();
  }

  /**
   * Resolves once there is room again: look again then, because all that waited go on together. Call it
   * only where `isFullFor` says that there is no room.
   */
  room(portion?: Portion): Promise<void> {
    if (portion === undefined || this.isFull) {
      return new Promise((resolve) => this.#waiting.push(resolve));
    }
    this.#onHit();
    this.#usedUp.add(portion);
    return new Promise((resolve) => portion.waiting.push(resolve));
  }

  /** With nothing in flight, nothing else would wake it. */
  #isHalfLeft({ bytes }: Portion): boolean {
    return bytes === 0 || bytes * 2 <= this.#most;
  }

  #wake(portion: Portion): void {
    this.#usedUp.delete(portion);
    const { waiting } = portion;
    portion.waiting = [];
    for (const resolve of waiting) resolve();
  }

  #wakeAll(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#releasedBytes = 0;
    for (const resolve of waiting) resolve();
  }

  /** What any caller may have at present. */
  get #most(): number {
    return Math.max(0, this.bytesMax - this.#bytes) * perFree;
  }

  /** Whether the caller would have too much with so many more. */
  #isUsedUp(portion: Portion | undefined, bytes: number): boolean {
    if (portion === undefined || portion.bytes === 0) return false;
    return portion.bytes + bytes > (this.bytesMax - this.#bytes - bytes) * perFree;
  }

  #require(bytes: number, portion: Portion | undefined): void {
    if (this.#bytes === 0) return;
    if (this.#bytes + bytes > this.bytesMax) {
      throw overloaded(
        `Cannot append ${bytes} bytes: ${this.#bytes} are not yet durable, at most ${this.bytesMax} may be`,
      );
    }
    this.#requireLeft(portion, bytes);
  }

  #requireLeft(portion: Portion | undefined, bytes: number): void {
    if (portion === undefined || !this.#isUsedUp(portion, bytes)) return;
    this.#onHit();
    throw overloaded(
      `Cannot take more of this caller: ${portion.bytes} of its bytes are not yet durable, at most ${this.#most} may be while as much is in flight`,
    );
  }
}

function overloaded(message: string): Failure {
  return new Failure("overloaded", message, { retryAfterMs: 1000 });
}
