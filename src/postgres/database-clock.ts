/**
 * The time by which data is dropped. A node whose clock is wrong by a day would drop everybody's data, so
 * retention goes by the database's time, and rests while the two differ by more than a minute: then one
 * of them is wrong, and nothing here knows which.
 */

import type { Clock } from "../core/clock.ts";
import { Failure } from "../core/failure.ts";
import type { Logger } from "../core/logger.ts";

const differenceMsMax = 60_000;

export interface DatabaseClockOptions {
  /** This node's own clock. */
  readonly clock: Clock;
  readonly logger: Logger;
  /** The database's time in nanoseconds since the Unix epoch. */
  readonly query: () => PromiseLike<bigint>;
}

/** This node's clock, or the database's time where the two differ by more than a minute. */
export class DatabaseClock implements Clock {
  readonly #options: DatabaseClockOptions;
  #aheadMs = 0;

  constructor(options: DatabaseClockOptions) {
    this.#options = options;
  }

  nowMs(): number {
    return this.#options.clock.nowMs() - (this.isTrusted ? 0 : this.#aheadMs);
  }

  nowNs(): bigint {
    return this.#options.clock.nowNs() - (this.isTrusted ? 0n : BigInt(this.#aheadMs) * 1_000_000n);
  }

  after(ms: number, callback: () => void): () => void {
    return this.#options.clock.after(ms, callback);
  }

  /** By how many milliseconds this node's clock was ahead of the database's when it was last compared. */
  get aheadMs(): number {
    return this.#aheadMs;
  }

  get isTrusted(): boolean {
    return Math.abs(this.#aheadMs) <= differenceMsMax;
  }

  /** Compares the clocks; returns the database's time. */
  async compare(): Promise<bigint> {
    const { clock, logger, query } = this.#options;
    const askedNs = clock.nowNs();
    const databaseNs = await query();
    // As if the answer was made halfway.
    const nodeNs = (askedNs + clock.nowNs()) / 2n;
    const wasTrusted = this.isTrusted;
    this.#aheadMs = Number((nodeNs - databaseNs) / 1_000_000n);
    const fields = { ahead_ms: this.#aheadMs };
    if (wasTrusted && !this.isTrusted) {
      const message = "this node's clock differs from the database's; it drops nothing";
      logger("error", message, fields);
    } else if (!wasTrusted && this.isTrusted) {
      logger("info", "this node's clock agrees with the database's again", fields);
    }
    return databaseNs;
  }

  /** The database's time, for a sweep that drops what is older. Throws `unavailable` while the clocks differ. */
  async sweepNs(): Promise<bigint> {
    const databaseNs = await this.compare();
    if (this.isTrusted) return databaseNs;
    throw new Failure(
      "unavailable",
      `Cannot apply retention: this node's clock is ${this.#aheadMs} ms ahead of the database's, expected at most ${differenceMsMax} in either direction`,
    );
  }
}
