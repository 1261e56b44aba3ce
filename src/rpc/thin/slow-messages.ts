/** Gives up calls whose message begins and does not end: each would keep what has arrived of it. */

import { Failure } from "../../core/failure.ts";

export interface UnfinishedCall {
  /** Bytes that have arrived of the message; undefined: it is whole. */
  readonly restBytes: number | undefined;
  giveUp(failure: Failure): void;
}

interface Credit {
  bytes: number;
  /** How long the message may still take, as of `atMs`. */
  creditMs: number;
  atMs: number;
}

/** A phone may lose its network for some seconds. */
const graceMs = 10_000;
/** What was sent fast allows for a pause of this long, not of hours. */
const pauseMsMax = 20_000;
const sweepMs = 1000;

export class SlowMessages {
  readonly #rateMin: number;
  readonly #credits = new Map<UnfinishedCall, Credit>();
  #timer: ReturnType<typeof setInterval> | undefined;

  /** `rateMin`: bytes a second. */
  constructor(rateMin: number) {
    this.#rateMin = rateMin;
  }

  /** The call has a message that is not whole; fewer bytes than before are those of another one. */
  watch(call: UnfinishedCall, bytes: number): void {
    const known = this.#credits.get(call);
    if (known === undefined || bytes <= known.bytes) {
      this.#credits.set(call, { bytes: 0, creditMs: graceMs, atMs: performance.now() });
    }
    this.#timer ??= setInterval(() => this.#sweep(), sweepMs);
  }

  forget(call: UnfinishedCall): void {
    this.#credits.delete(call);
  }

  #sweep(): void {
    const nowMs = performance.now();
    for (const [call, credit] of this.#credits) {
      const { restBytes } = call;
      if (restBytes === undefined) {
        this.#credits.delete(call);
        continue;
      }
      const earnedMs = (Math.max(0, restBytes - credit.bytes) * 1000) / this.#rateMin;
      credit.creditMs = Math.min(pauseMsMax, credit.creditMs + earnedMs) - (nowMs - credit.atMs);
      credit.bytes = restBytes;
      credit.atMs = nowMs;
      if (credit.creditMs >= 0) continue;
      this.#credits.delete(call);
      call.giveUp(this.#tooSlow());
    }
    if (this.#credits.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tooSlow(): Failure {
    return new Failure(
      "deadline_exceeded",
      `Cannot read a message: it comes too slowly, expected ${this.#rateMin} bytes a second (SLUICE_BODY_RATE_MIN)`,
    );
  }
}
