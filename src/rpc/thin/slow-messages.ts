/** Gives up calls whose message begins and does not end: each would keep what has arrived of it. */

import { Failure } from "../../core/failure.ts";

export interface UnfinishedCall {
  /** Bytes that have arrived of the message; undefined: it is whole. */
  readonly restBytes: number | undefined;
  giveUp(failure: Failure): void;
}

/** A phone may lose its network for some seconds. */
const graceMs = 10_000;
const sweepMs = 1000;

export class SlowMessages {
  readonly #rateMin: number;
  /** When each message began. */
  readonly #sinceMs = new Map<UnfinishedCall, { sinceMs: number; bytes: number }>();
  #timer: ReturnType<typeof setInterval> | undefined;

  /** `rateMin`: bytes a second. */
  constructor(rateMin: number) {
    this.#rateMin = rateMin;
  }

  /** The call has a message that is not whole; fewer bytes than before are those of another one. */
  watch(call: UnfinishedCall, bytes: number): void {
    const known = this.#sinceMs.get(call);
    if (known !== undefined && bytes > known.bytes) known.bytes = bytes;
    else this.#sinceMs.set(call, { sinceMs: performance.now(), bytes });
    this.#timer ??= setInterval(() => this.#sweep(), sweepMs);
  }

  forget(call: UnfinishedCall): void {
    this.#sinceMs.delete(call);
  }

  #sweep(): void {
    const nowMs = performance.now();
    for (const [call, { sinceMs }] of this.#sinceMs) {
      const { restBytes } = call;
      if (restBytes === undefined) this.#sinceMs.delete(call);
      else if (nowMs - sinceMs > graceMs + (restBytes * 1000) / this.#rateMin) {
        this.#sinceMs.delete(call);
        call.giveUp(this.#tooSlow());
      }
    }
    if (this.#sinceMs.size > 0) return;
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
