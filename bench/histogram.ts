/**
 * Latencies in a bounded table: exact below 64 µs, then 32 steps an octave (3 % wide), so that
 * millions of them cost an addition each and are merged across processes.
 */

const stepsBits = 5;
const steps = 1 << stepsBits;
const exactBelow = steps * 2;

export class Histogram {
  readonly #counts = new Float64Array(steps * 32);
  #total = 0;
  #max = 0;

  get total(): number {
    return this.#total;
  }

  get max(): number {
    return this.#max;
  }

  /** Clocks of two processes may differ by some µs: below zero counts as zero. */
  record(us: number): void {
    const value = us > 0 ? Math.min(Math.round(us), 2 ** 31 - 1) : 0;
    const index = indexOf(value);
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#total++;
    if (value > this.#max) this.#max = value;
  }

  /** The value that `share` (0 to 1) of all do not exceed; 0 without any. */
  quantile(share: number): number {
    let left = Math.ceil(this.#total * share);
    for (const [index, count] of this.#counts.entries()) {
      left -= count;
      if (left <= 0 && count > 0) return Math.min(valueAt(index), this.#max);
    }
    return this.#max;
  }

  /** How many lie above `fromUs` and do not exceed `toUs`. */
  between(fromUs: number, toUs: number): number {
    let found = 0;
    for (const [index, count] of this.#counts.entries()) {
      const value = valueAt(index);
      if (value > fromUs && value <= toUs) found += count;
    }
    return found;
  }

  /** Adds another one's `toJSON`. */
  add({ counts, max }: HistogramJson): void {
    for (const [index, count] of counts) {
      this.#counts[index] = (this.#counts[index] ?? 0) + count;
      this.#total += count;
    }
    this.#max = Math.max(this.#max, max);
  }

  toJSON(): HistogramJson {
    const counts: [number, number][] = [];
    for (const [index, count] of this.#counts.entries()) if (count > 0) counts.push([index, count]);
    return { counts, max: this.#max };
  }
}

export interface HistogramJson {
  readonly counts: readonly (readonly [index: number, count: number])[];
  readonly max: number;
}

function indexOf(value: number): number {
  if (value < exactBelow) return value;
  const shift = 31 - Math.clz32(value) - stepsBits;
  return shift * steps + (value >>> shift);
}

/** The largest value that shares this index. */
function valueAt(index: number): number {
  if (index < exactBelow) return index;
  const shift = Math.floor(index / steps) - 1;
  return (index - shift * steps + 1) * 2 ** shift - 1;
}
