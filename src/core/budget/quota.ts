/**
 * A bound of something that all nodes share and that grows with use, such as topics: how many there
 * are, and how many there may be.
 *
 * The store knows the number; a node asks it seldom. What this node adds is counted here in between, so
 * the bound may be exceeded by what other nodes add within `refreshMs`.
 */

import type { Clock } from "../clock.ts";
import { Failure } from "../failure.ts";

export interface QuotaOptions {
  /** The plural of what is counted, as in "there are 10000 topics". */
  readonly what: string;
  readonly max: number;
  /** The setting that raises `max`. */
  readonly setting: string;
  readonly clock: Clock;
  /** The present number, of all nodes. */
  readonly count: () => Promise<number>;
}

export interface QuotaStatus {
  /** Undefined before the first query of the store. */
  readonly count: number | undefined;
  readonly max: number;
}

const refreshMs = 1000;
/** `/status` is read often, and its figures may be a little older. */
const statusMs = 10_000;

export class Quota {
  readonly #options: QuotaOptions;
  #count: number | undefined;
  #countedMs = -Infinity;
  #counting: Promise<void> | undefined;

  constructor(options: QuotaOptions) {
    this.#options = options;
  }

  /**
   * Counts `added` more. Throws `overloaded`, naming the setting, where they do not fit: `action` is the
   * start of the message, such as `Cannot create topic "t"`. Throws what counting throws.
   */
  async admit(action: string, added = 1): Promise<void> {
    const { what, max, setting } = this.#options;
    if (!this.#fits(added)) await this.#refresh(refreshMs);
    if (this.#fits(added)) {
      this.#count = (this.#count ?? 0) + added;
      return;
    }
    throw new Failure(
      "overloaded",
      `${action}: there are ${this.#count ?? 0} ${what}, expected at most ${max} (${setting})`,
    );
  }

  /** Something that was counted is gone, or was not added after all. */
  release(removed = 1): void {
    if (this.#count !== undefined) this.#count = Math.max(0, this.#count - removed);
  }

  /** What was counted last; it is counted again in the background where that is too long ago. */
  status(): QuotaStatus {
    this.#refresh(statusMs).catch(() => {
      // The store is unavailable, which `/status` shows elsewhere.
    });
    return { count: this.#count, max: this.#options.max };
  }

  #fits(added: number): boolean {
    return this.#count !== undefined && this.#count + added <= this.#options.max;
  }

  async #refresh(ageMs: number): Promise<void> {
    if (this.#options.clock.nowMs() - this.#countedMs < ageMs) return;
    await (this.#counting ??= this.#recount());
  }

  async #recount(): Promise<void> {
    const { count, clock } = this.#options;
    try {
      this.#count = await count();
      this.#countedMs = clock.nowMs();
    } finally {
      this.#counting = undefined;
    }
  }
}
