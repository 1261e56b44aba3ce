/** Attempts with waits between them, on a `Clock`: each wait is twice as long as the one before. */

import { type Clock, sleep } from "./clock.ts";

/** The first wait and the longest, in milliseconds. */
export interface RetryMs {
  readonly first: number;
  readonly most: number;
}

export class BackOff {
  readonly #clock: Clock;
  readonly #retryMs: RetryMs;
  #nextMs: number;

  constructor(clock: Clock, retryMs: RetryMs) {
    this.#clock = clock;
    this.#retryMs = retryMs;
    this.#nextMs = retryMs.first;
  }

  /** How long the next wait will be. */
  get nextMs(): number {
    return this.#nextMs;
  }

  /** Waits before the next attempt, or until `signal` aborts. */
  async wait(signal?: AbortSignal): Promise<void> {
    const ms = this.#nextMs;
    this.#nextMs = Math.min(ms * 2, this.#retryMs.most);
    await sleep(this.#clock, ms, signal);
  }

  /** An attempt succeeded: the next wait is the first one again. */
  reset(): void {
    this.#nextMs = this.#retryMs.first;
  }
}

export interface RetryOptions {
  readonly clock: Clock;
  readonly retryMs: RetryMs;
  readonly signal: AbortSignal;
  /** Called with each failure; throws where another attempt is pointless. */
  readonly onFailure: (error: unknown) => void;
}

/** The result of the first attempt that succeeds; undefined once `signal` has aborted. */
export async function retry<T>(
  { clock, retryMs, signal, onFailure }: RetryOptions,
  attempt: () => Promise<T>,
): Promise<T | undefined> {
  const backOff = new BackOff(clock, retryMs);
  while (!signal.aborted) {
    try {
      return await attempt();
    } catch (error) {
      onFailure(error);
      await backOff.wait(signal);
    }
  }
  return undefined;
}
