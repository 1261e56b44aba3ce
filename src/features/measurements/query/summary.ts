/**
 * The statistics of a span by value column. Points are added in the order of time, and rollups in
 * place of whole buckets of points.
 */

import { unpacked, unpackValues } from "../measurement.ts";
import type { Rollup, SeriesPoint, Span } from "../series-port.ts";

/** Scale of a second sum for when the first overflows. A power of two keeps it exact. */
const smaller = 2 ** -200;

export class Summary {
  readonly #fromNs: bigint;
  /** The time-weighted sums include the held values up to here. */
  #atNs: bigint;
  #held: Uint8Array | undefined;
  #columns = 0;
  #open = true;
  count = 0;
  first: SeriesPoint | undefined;
  last: SeriesPoint | undefined;
  readonly min: number[] = [];
  readonly max: number[] = [];
  readonly minAt: number[] = [];
  readonly maxAt: number[] = [];
  readonly #mean = new Means();
  readonly #twa = new Means();

  /** `carried` has the values in effect at the start of the span. */
  constructor(fromNs: bigint, carried?: SeriesPoint) {
    this.#fromNs = fromNs;
    this.#atNs = fromNs;
    this.#held = carried?.values;
  }

  get columns(): number {
    return this.#columns;
  }
  /** Means of the points; NaN for a column without any. */
  get mean(): number[] {
    return this.#mean.all();
  }
  get counts(): readonly number[] {
    return this.#mean.weights;
  }
  /** Means weighted by the time that values held, after `close`; NaN for a column without any. */
  get twa(): number[] {
    return this.#twa.all();
  }
  get held(): readonly number[] {
    return this.#twa.weights;
  }

  addPoint(point: SeriesPoint): void {
    this.#holdUntil(point.timeNs);
    this.#held = point.values;
    this.#meet(point, point, 1);
    const at = Number(point.timeNs - this.#fromNs);
    const columns = unpackValues(point.values);
    for (let i = 0; i < columns; i++) {
      const value = unpacked[i] ?? Number.NaN;
      this.#range(i, value, at, value, at);
      this.#mean.add(i, value, 1);
    }
  }

  addRollup(rollup: Rollup): void {
    this.#holdUntil(rollup.first.timeNs);
    this.#held = rollup.last.values;
    this.#atNs = rollup.endNs;
    this.#meet(rollup.first, rollup.last, rollup.count);
    const { min, max, minAt, maxAt, mean, twa, count, held } = rollup.columns;
    const at = Number(rollup.startNs - this.#fromNs);
    for (let i = 0; i < count.length; i++) {
      this.#range(i, min[i], at + (minAt[i] ?? 0), max[i], at + (maxAt[i] ?? 0));
      this.#mean.add(i, mean[i] ?? Number.NaN, count[i] ?? 0);
      this.#twa.add(i, twa[i] ?? Number.NaN, held[i] ?? 0);
    }
  }

  /** Ends the span; the last values hold until then. */
  close(toNs: bigint): this {
    if (this.#open) this.#holdUntil(toNs);
    this.#open = false;
    return this;
  }

  /** Undefined when there was no point. */
  toRollup({ fromNs, toNs }: Span): Rollup | undefined {
    const { first, last, count, min, max, minAt, maxAt } = this.close(toNs);
    if (first === undefined || last === undefined) return undefined;
    const columns = {
      ...{ min, max, minAt, maxAt, mean: this.mean, twa: this.twa },
      ...{ count: this.counts, held: this.held },
    };
    return { startNs: fromNs, endNs: toNs, count, first, last, columns };
  }

  #meet(first: SeriesPoint, last: SeriesPoint, count: number): void {
    this.first ??= first;
    this.last = last;
    this.count += count;
  }

  #range(
    i: number,
    low: number | undefined,
    lowAt: number,
    high: number | undefined,
    highAt: number,
  ): void {
    if (low === undefined || high === undefined) return;
    if (i >= this.#columns) this.#columns = i + 1;
    const min = this.min[i];
    const max = this.max[i];
    if (min === undefined || low < min) {
      this.min[i] = low;
      this.minAt[i] = lowAt;
    }
    if (max === undefined || high > max) {
      this.max[i] = high;
      this.maxAt[i] = highAt;
    }
  }

  #holdUntil(ns: bigint): void {
    if (this.#held !== undefined && ns > this.#atNs) {
      // The difference is exact up to a hundred days, and then to 16 digits.
      const heldNs = Number(ns - this.#atNs);
      const columns = unpackValues(this.#held);
      for (let i = 0; i < columns; i++) this.#twa.add(i, unpacked[i] ?? Number.NaN, heldNs);
    }
    this.#atNs = ns;
  }
}

/** Weighted means by column. They do not overflow, even when the sum of the values would. */
export class Means {
  readonly weights: number[] = [];
  readonly #sums: number[] = [];
  readonly #small: number[] = [];

  add(i: number, value: number, weight: number): void {
    // Not `weight <= 0`, because the weight may be NaN for a column that a rollup does not have.
    if (!(weight > 0)) return;
    this.#sums[i] = (this.#sums[i] ?? 0) + value * weight;
    this.#small[i] = (this.#small[i] ?? 0) + value * smaller * weight;
    this.weights[i] = (this.weights[i] ?? 0) + weight;
  }

  /** NaN for a column without weight. */
  all(): number[] {
    return Array.from(this.weights, (weight, i) => {
      if (weight === undefined) return Number.NaN;
      const sum = this.#sums[i] ?? Number.NaN;
      if (Number.isFinite(sum)) return sum / weight;
      const mean = (this.#small[i] ?? Number.NaN) / weight / smaller;
      // The mean of the largest numbers may be rounded past them.
      return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, mean));
    });
  }
}
