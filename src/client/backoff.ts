/** Pauses between attempts: doubled, bounded, and randomised so that clients do not return together. */

import { sleep } from "../core/clock.ts";
import type { SluiceError } from "./error.ts";
import type { Settings } from "./options.ts";

/** The first pause, until the gateway requests another. */
const firstMsDefault = 1000;

export class Backoff {
  readonly #settings: Settings;
  #firstMs: number;
  #attempts = 0;

  constructor(settings: Settings, firstMs: number = firstMsDefault) {
    this.#settings = settings;
    this.#firstMs = settings.reconnectMs ?? firstMs;
  }

  /** Number of failed attempts since the last success. */
  get attempts(): number {
    return this.#attempts;
  }

  /** Call this after a success: the next pause is short again. */
  succeeded(): void {
    this.#attempts = 0;
  }

  /** The pause that the gateway requests (`retry:`), unless the user has set one. */
  suggest(ms: number): void {
    if (this.#settings.reconnectMs === undefined) this.#firstMs = ms;
  }

  /** Waits before the next attempt, at least as long as the gateway requests (`Retry-After`). */
  async pause(error: SluiceError, signal?: AbortSignal): Promise<void> {
    const { clock, random, onRetry, reconnectMsMax } = this.#settings;
    const doubledMs = Math.min(this.#firstMs * 2 ** Math.min(this.#attempts, 20), reconnectMsMax);
    this.#attempts++;
    const ms =
      error.retryAfterMs === undefined
        ? doubledMs * (0.5 + random() / 2)
        : Math.max(error.retryAfterMs, doubledMs / 2) + random() * (doubledMs / 2);
    onRetry(error, Math.round(ms));
    await sleep(clock, ms, signal);
  }
}
