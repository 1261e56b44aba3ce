/**
 * How often values fell into each of a few fixed ranges. Observing costs some nanoseconds and no memory,
 * so that hot paths can afford it; metrics are made of it when they are collected.
 */

/** From a fast append to what a caller no longer waits for, in seconds. */
export const latencyBounds: readonly number[] = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** From a moment to a month, in seconds: what waits for people or for other systems. */
export const delayBounds: readonly number[] = [
  0.01, 0.1, 0.5, 1, 5, 30, 60, 300, 1800, 3600, 21_600, 86_400, 604_800, 2_592_000,
];

export class Histogram {
  /** Upper bounds, each in its range, rising. Greater values are in one range more. */
  readonly bounds: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;
  #count = 0;

  constructor(bounds: readonly number[] = latencyBounds) {
    this.bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  /** The value, `count` times. What is less than 0, as when clocks differ, counts as 0. */
  observe(value: number, count = 1): void {
    const { bounds } = this;
    const counted = value > 0 ? value : 0;
    let range = 0;
    while (range < bounds.length && counted > (bounds[range] ?? 0)) range++;
    this.#counts[range] = (this.#counts[range] ?? 0) + count;
    this.#sum += counted * count;
    this.#count += count;
  }

  get sum(): number {
    return this.#sum;
  }

  get count(): number {
    return this.#count;
  }

  /** For each bound, how many values were at most that. */
  cumulative(): readonly number[] {
    let total = 0;
    return this.bounds.map((_, range) => (total += this.#counts[range] ?? 0));
  }
}
