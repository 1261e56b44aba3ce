/** Counts by a label: plain numbers, which are read when metrics are collected. */

/** The labels are a closed set: each exists from the start, so that a first increase is seen as one. */
export class Counts<Label extends string> {
  readonly #counts: Map<Label, number>;

  constructor(labels: readonly Label[]) {
    this.#counts = new Map(labels.map((label) => [label, 0]));
  }

  add(label: Label, count = 1): void {
    this.#counts.set(label, (this.#counts.get(label) ?? 0) + count);
  }

  of(label: Label): number {
    return this.#counts.get(label) ?? 0;
  }

  entries(): Iterable<readonly [Label, number]> {
    return this.#counts;
  }
}
