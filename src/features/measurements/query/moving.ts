/**
 * Means over overlapping windows. Each cell is summarized once. A queue of two stacks then computes
 * the mean of the sliding window only by merging, because subtracting old cells would lose digits.
 */

import type { Span } from "../series-port.ts";
import { Means, type Summary } from "./summary.ts";

/** Points and means by column. */
interface Part {
  readonly counts: readonly number[];
  readonly means: readonly number[];
  readonly count: number;
}

export interface Mean {
  readonly count: number;
  /** NaN for a column without points. */
  readonly means: readonly number[];
}

/** The mean of each window. Windows must ascend, and each is a run of cells; one summary per cell. */
export function slidingMeans(
  windows: readonly Span[],
  cells: readonly Span[],
  summaries: readonly Summary[],
): Mean[] {
  const queue = new SlidingQueue();
  let entered = 0;
  let left = 0;
  return windows.map(({ fromNs, toNs }) => {
    for (
      let cell = cells[entered];
      cell !== undefined && cell.toNs <= toNs;
      cell = cells[entered]
    ) {
      const summary = summaries[entered++];
      if (summary !== undefined) queue.push(partOf(summary));
    }
    for (
      let cell = cells[left];
      cell !== undefined && left < entered && cell.fromNs < fromNs;
      cell = cells[++left]
    ) {
      queue.shift();
    }
    return queue.total();
  });
}

const nothing: Part = { counts: [], means: [], count: 0 };

class SlidingQueue {
  /** Each part is merged with all that entered after it, up to the last turn of the stacks. */
  #front: Part[] = [];
  #back: Part[] = [];
  #backTotal = nothing;

  push(part: Part): void {
    this.#back.push(part);
    this.#backTotal = merge(this.#backTotal, part);
  }

  shift(): void {
    if (this.#front.length === 0) {
      let total = nothing;
      for (const part of this.#back.toReversed()) {
        total = merge(part, total);
        this.#front.push(total);
      }
      this.#back = [];
      this.#backTotal = nothing;
    }
    this.#front.pop();
  }

  total(): Mean {
    return merge(this.#front.at(-1) ?? nothing, this.#backTotal);
  }
}

function partOf(summary: Summary): Part {
  return { counts: summary.counts, means: summary.mean, count: summary.count };
}

function merge(a: Part, b: Part): Part {
  if (a.count === 0) return b;
  if (b.count === 0) return a;
  const means = new Means();
  for (const part of [a, b]) {
    for (let i = 0; i < part.counts.length; i++) {
      means.add(i, part.means[i] ?? Number.NaN, part.counts[i] ?? 0);
    }
  }
  return { counts: means.weights, means: means.all(), count: a.count + b.count };
}
