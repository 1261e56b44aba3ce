/** Virtual time: it passes only when the simulation lets it, and so do promises. */

import { drainMicrotasks } from "bun:jsc";
import type { Clock } from "../../src/core/clock.ts";

interface Timer {
  readonly atMs: number;
  readonly callback: () => void;
}

export class SimClock implements Clock {
  #nowMs = 1_700_000_000_000;
  /** By time; of one time in the order in which they were set. */
  readonly #timers: Timer[] = [];

  get timers(): number {
    return this.#timers.length;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  nowNs(): bigint {
    return BigInt(this.#nowMs) * 1_000_000n;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { atMs: this.#nowMs + Math.max(0, ms), callback };
    let index = this.#timers.length;
    while (index > 0 && (this.#timers[index - 1]?.atMs ?? 0) > timer.atMs) index--;
    this.#timers.splice(index, 0, timer);
    return () => {
      const at = this.#timers.indexOf(timer);
      if (at >= 0) this.#timers.splice(at, 1);
    };
  }

  /** Runs what is due within `ms`, each with all of its consequences. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    this.settle();
    for (;;) {
      const timer = this.#timers[0];
      if (timer === undefined || timer.atMs > untilMs) break;
      this.#timers.shift();
      this.#nowMs = Math.max(this.#nowMs, timer.atMs);
      timer.callback();
      this.settle();
    }
    this.#nowMs = untilMs;
  }

  /** Lets every promise that can continue do so. */
  settle(): void {
    drainMicrotasks();
  }
}
