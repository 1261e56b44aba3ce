/** How a reader of the log compares with the log's end, as far as this node has seen that end. */

import { comparePositions, type Position } from "../../../core/position.ts";

export class LogEnd {
  #isReached = false;
  /** An end of the log that was seen and is not reached yet. */
  #ahead: { readonly end: Position; readonly sinceMs: number } | undefined;
  /** Since when the log has not reported its end. */
  #unknownSinceMs: number | undefined;

  /** The reader has been at the log's end since it began to read. */
  get isReached(): boolean {
    return this.#isReached;
  }

  /** The reader starts over. */
  reset(): void {
    this.#isReached = false;
    this.#ahead = undefined;
  }

  /** The reader has read up to here. */
  read(through: Position): void {
    const ahead = this.#ahead;
    if (ahead !== undefined && comparePositions(through, ahead.end) >= 0) this.#reached();
  }

  /** The log, queried at `atMs`, ended at `end`. */
  seen(end: Position, through: Position | undefined, atMs: number): void {
    this.#unknownSinceMs = undefined;
    if (through !== undefined && comparePositions(through, end) >= 0) this.#reached();
    else this.#ahead ??= { end, sinceMs: atMs };
  }

  /** The topic does not exist, so there is nothing to be behind of. */
  seenNone(): void {
    this.#unknownSinceMs = undefined;
    this.#reached();
  }

  /** The log, queried at `atMs`, did not answer. */
  unknown(atMs: number): void {
    this.#unknownSinceMs ??= atMs;
  }

  /** How long an unread record, or nothing about the end, has been known; 0 at the end. */
  behindMs(nowMs: number): number {
    const sinceMs = this.#ahead?.sinceMs ?? this.#unknownSinceMs;
    return sinceMs === undefined ? 0 : Math.max(0, nowMs - sinceMs);
  }

  #reached(): void {
    this.#ahead = undefined;
    this.#isReached = true;
  }
}
