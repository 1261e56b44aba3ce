/**
 * Measurements of simulated producers: which tag comes next, and its values. The first tag gets one
 * measurement in a hundred, the second one in a hundred of the rest, and so on; values walk randomly.
 */

import type { Random } from "./random.ts";

export interface SeriesOptions {
  readonly random: Random;
  readonly tags: number;
  /** Values of one measurement. */
  readonly values: number;
  /** Prefix of the tags. */
  readonly prefix: string;
}

/** Share of the remaining measurements that each tag gets. */
const share = 0.01;
/** How many values change from one measurement to the next. */
const movedAtOnce = 2;
/** Values are whole hundredths: readable, and a walk of them accumulates no rounding errors. */
const perUnit = 100;
const stepMax = 25;

export class SimulatedSeries {
  readonly #options: SeriesOptions;
  /** Total probability of the truncated distribution. */
  readonly #mass: number;
  readonly #walks: (Walk | undefined)[] = [];

  constructor(options: SeriesOptions) {
    this.#options = options;
    this.#mass = 1 - (1 - share) ** options.tags;
  }

  /** The body of `POST /save`, without a newline. */
  line(timeNs: bigint): string {
    const walk = this.#step();
    return `{"time":${timeNs},"tag":"${walk.tag}","values":[${walk.texts.join(",")}]}`;
  }

  /** The next measurement of `line` as numbers. */
  next(): { readonly tag: string; readonly values: readonly number[] } {
    const { tag, texts } = this.#step();
    return { tag, values: texts.map(Number) };
  }

  #step(): Walk {
    const walk = this.#walk(this.#pick());
    walk.step();
    return walk;
  }

  /** Number of a tag, from 0. */
  #pick(): number {
    const drawn = this.#options.random.between(0, 1) * this.#mass;
    const index = Math.floor(Math.log1p(-drawn) / Math.log1p(-share));
    return Math.min(index, this.#options.tags - 1);
  }

  #walk(index: number): Walk {
    const { random, values, prefix } = this.#options;
    return (this.#walks[index] ??= new Walk(tagName(prefix, index), values, random));
  }
}

/** The `index`-th most frequent tag, from 0. */
export function tagName(prefix: string, index: number): string {
  return `${prefix}${String(index + 1).padStart(5, "0")}`;
}

/** Values as text, so that only those that change are rendered again. */
class Walk {
  readonly tag: string;
  readonly texts: string[];
  readonly #hundredths: Int32Array;
  readonly #random: Random;

  constructor(tag: string, values: number, random: Random) {
    this.tag = tag;
    this.#random = random;
    this.#hundredths = Int32Array.from({ length: values }, () =>
      random.between(-100 * perUnit, 100 * perUnit),
    );
    this.texts = Array.from(this.#hundredths, (value) => String(value / perUnit));
  }

  step(): void {
    const values = this.#hundredths;
    for (let moved = 0; moved < movedAtOnce; moved++) {
      const at = Math.floor(this.#random.between(0, values.length));
      const value = (values[at] ?? 0) + Math.round(this.#random.between(-stepMax, stepMax));
      values[at] = value;
      this.texts[at] = String(value / perUnit);
    }
  }
}
