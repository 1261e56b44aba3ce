/** Gives up calls whose message begins and does not end: each would keep what has arrived of it. */

import { Pace } from "../../core/budget/pace.ts";
import type { Failure } from "../../core/failure.ts";

export interface UnfinishedCall {
  /** Bytes that have arrived of the message; undefined: it is whole. */
  readonly restBytes: number | undefined;
  giveUp(failure: Failure): void;
}

interface Watched {
  readonly pace: Pace;
  bytes: number;
  atMs: number;
}

const sweepMs = 1000;

export class SlowMessages {
  readonly #rateMin: number;
  readonly #watched = new Map<UnfinishedCall, Watched>();
  #timer: ReturnType<typeof setInterval> | undefined;

  /** `rateMin`: bytes a second. */
  constructor(rateMin: number) {
    this.#rateMin = rateMin;
  }

  /** The call has a message that is not whole; fewer bytes than before are those of another one. */
  watch(call: UnfinishedCall, bytes: number): void {
    const known = this.#watched.get(call);
    if (known === undefined || bytes <= known.bytes) {
      const pace = new Pace(this.#rateMin);
      this.#watched.set(call, { pace, bytes: 0, atMs: performance.now() });
    }
    this.#timer ??= setInterval(() => this.#sweep(), sweepMs);
  }

  forget(call: UnfinishedCall): void {
    this.#watched.delete(call);
  }

  #sweep(): void {
    const nowMs = performance.now();
    for (const [call, watched] of this.#watched) {
      const { restBytes } = call;
      if (restBytes === undefined) {
        this.#watched.delete(call);
        continue;
      }
      const { pace } = watched;
      pace.earn(Math.max(0, restBytes - watched.bytes));
      pace.spend(nowMs - watched.atMs);
      watched.bytes = restBytes;
      watched.atMs = nowMs;
      if (pace.creditMs >= 0) continue;
      this.#watched.delete(call);
      call.giveUp(pace.tooSlow("a message"));
    }
    if (this.#watched.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
