/**
 * Delays as a histogram whose buckets grow by a twelfth of a doubling. A percentile is accurate to
 * 3 %, from microseconds to months, and the histogram takes a few hundred bytes of JSON.
 */

import type { DelayCounts } from "./rule.ts";

const perDoubling = 12;
/** Anything below a microsecond is noise of the clock. */
const leastMs = 0.001;

export interface DelayPercentiles {
  /** Milliseconds; null before the first measurement. */
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p99: number | null;
}

export class Delays {
  readonly #counts: Map<number, number>;

  constructor(counts: DelayCounts = {}) {
    this.#counts = new Map(Object.entries(counts).map(([bucket, n]) => [Number(bucket), n]));
  }

  add(ms: number): void {
    const bucket = Math.ceil(Math.log2(Math.max(ms, leastMs) / leastMs) * perDoubling);
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + 1);
  }

  counts(): DelayCounts {
    return Object.fromEntries(this.#counts);
  }

  percentiles(): DelayPercentiles {
    return { p50: this.#at(0.5), p90: this.#at(0.9), p99: this.#at(0.99) };
  }

  #at(share: number): number | null {
    const buckets = [...this.#counts].toSorted(([a], [b]) => a - b);
    const total = buckets.reduce((sum, [, n]) => sum + n, 0);
    let seen = 0;
    for (const [bucket, n] of buckets) {
      seen += n;
      if (seen >= share * total) return middleMs(bucket);
    }
    return null;
  }
}

/** The middle of the bucket on the logarithmic scale, to three digits. */
function middleMs(bucket: number): number {
  const ms = leastMs * 2 ** ((Math.max(bucket, 0.5) - 0.5) / perDoubling);
  return Number(ms.toPrecision(3));
}
