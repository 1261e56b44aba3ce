/** How long the event loop keeps others waiting: a timer that is late by as much is in the same queue. */

import { Histogram, latencyBounds } from "../../core/metrics/histogram.ts";

/** Fifty a second see a delay of 20 ms for certain, and cost a microsecond each. */
const everyMs = 20;

export class LoopDelay implements Disposable {
  readonly seconds = new Histogram(latencyBounds);
  readonly #timer: ReturnType<typeof setInterval>;
  #dueMs: number;

  constructor() {
    this.#dueMs = performance.now() + everyMs;
    this.#timer = setInterval(() => this.#served(), everyMs);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #served(): void {
    const nowMs = performance.now();
    this.seconds.observe(Math.max(0, nowMs - this.#dueMs) / 1000);
    this.#dueMs = nowMs + everyMs;
  }
}
