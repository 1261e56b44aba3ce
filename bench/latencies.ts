/** Latencies of one run: quantiles by the runtime's own histogram, and counts up to fixed bounds. */

import { createHistogram, type RecordableHistogram } from "node:perf_hooks";

/** Plain data: a run's process hands it to the one that reports. */
export interface LatencySummary {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
  /** How many took at most `le` milliseconds and more than the step before; the last `le` is `max`. */
  readonly steps: readonly { readonly le: number; readonly count: number }[];
}

/** Ten minutes: a longer latency counts as this much. */
const usMax = 600_000_000;

export class Latencies {
  // Two figures: a quantile is within one per cent.
  readonly #histogram: RecordableHistogram = createHistogram({ highest: usMax, figures: 2 });
  readonly #stepsMs: readonly number[];
  readonly #counts: number[];
  #max = 0;

  /** Bounds in milliseconds, ascending, without the open end. */
  constructor(stepsMs: readonly number[]) {
    this.#stepsMs = stepsMs;
    this.#counts = Array.from({ length: stepsMs.length + 1 }, () => 0);
  }

  get count(): number {
    return this.#histogram.count;
  }

  /** Clocks of two processes may differ by some µs, so a latency may seem negative; it counts as 1 µs. */
  record(us: number): void {
    const value = Math.min(Math.max(Math.round(us), 1), usMax);
    this.#histogram.record(value);
    if (value > this.#max) this.#max = value;
    const step = this.#stepsMs.findIndex((ms) => value <= ms * 1000);
    const at = step < 0 ? this.#stepsMs.length : step;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
  }

  /** In milliseconds; zeros where nothing was recorded. */
  summary(): LatencySummary {
    const max = this.#max / 1000;
    const quantile = (share: number) =>
      this.count === 0 ? 0 : Math.min(this.#histogram.percentile(share) / 1000, max);
    return {
      count: this.count,
      p50: quantile(50),
      p90: quantile(90),
      p99: quantile(99),
      max,
      steps: this.#counts.map((count, i) => ({ le: this.#stepsMs[i] ?? max, count })),
    };
  }
}
