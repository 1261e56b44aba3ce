/**
 * What simulated producers measure: whose turn it is, and what it reads. Of each measurement the
 * first tag has a hundredth, the second a hundredth of the rest, and so on; a tag's values walk.
 */
import type { Random } from "./random.ts";

export interface SeriesOptions {
  readonly random: Random;
  readonly tags: number;
  /** Values of one measurement. */
  readonly values: number;
  /** What the tags' names begin with. */
  readonly prefix: string;
}

/** What each tag has of those that are left. */
const share = 0.01;
/** Values that move from one measurement to the next; the others stand. */
const movedAtOnce = 2;
/** Values are whole hundredths: they read well, and a walk of them does not collect errors. */
const perUnit = 100;
const stepMax = 25;

export class SimulatedSeries {
  readonly #options: SeriesOptions;
  /** How much of a truncated distribution the tags have together. */
  readonly #mass: number;
  readonly #walks: (Walk | undefined)[] = [];

  constructor(options: SeriesOptions) {
    this.#options = options;
    this.#mass = 1 - (1 - share) ** options.tags;
  }

  /** As the body of `POST /save` has it, without a newline. */
  line(timeNs: bigint): string {
    const walk = this.#step();
    return `{"time":${timeNs},"tag":"${walk.tag}","values":[${walk.texts.join(",")}]}`;
  }

  /** The same as `line` has, as numbers. */
  next(): { readonly tag: string; readonly values: readonly number[] } {
    const { tag, texts } = this.#step();
    return { tag, values: texts.map(Number) };
  }

  #step(): Walk {
    const walk = this.#walk(this.#pick());
    walk.step();
    return walk;
  }

  /** A tag's number, from 0. */
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

/** Values as they are written, so that only those that move are written anew. */
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
