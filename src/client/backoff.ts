/** Pauses between attempts: doubling, bounded, and spread so that clients do not come all at once. */
import { sleep } from "../core/clock.ts";
import type { SluiceError } from "./error.ts";
import type { Settings } from "./options.ts";

/** What a gateway that has not said otherwise would ask for. */
const firstMsDefault = 1000;

export class Backoff {
  readonly #settings: Settings;
  #firstMs: number;
  #attempts = 0;

  constructor(settings: Settings, firstMs: number = firstMsDefault) {
    this.#settings = settings;
    this.#firstMs = settings.reconnectMs ?? firstMs;
  }

  /** Attempts that failed since the last success. */
  get attempts(): number {
    return this.#attempts;
  }

  /** It worked: the next pause is a short one again. */
  succeeded(): void {
    this.#attempts = 0;
  }

  /** The gateway's own wish (`retry:`), unless the user has one. */
  suggest(ms: number): void {
    if (this.#settings.reconnectMs === undefined) this.#firstMs = ms;
  }

  /** Waits before the next attempt, at least as long as the gateway asked (`Retry-After`). */
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
