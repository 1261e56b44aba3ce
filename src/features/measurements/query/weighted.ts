/** Means of each value column, weighted by another column, like prices by volumes. */

import { valuesToNumbers } from "../measurement.ts";
import type { Span } from "../series-port.ts";
import { type SeriesSource, visitCells } from "./read.ts";
import { Means } from "./summary.ts";

export interface WeightedMean {
  readonly count: number;
  /** NaN for a column without weight. */
  readonly means: readonly number[];
}

/**
 * The mean of each cell. A point without the weight column, or with a weight that is not above 0, is
 * ignored. Rollups have no sums of products, so every point is read.
 */
export async function weightedMeans(
  source: SeriesSource,
  cells: readonly Span[],
  weightColumn: number,
): Promise<WeightedMean[]> {
  const found = cells.map(() => ({ count: 0, means: new Means() }));
  let at = 0;
  await visitCells(
    source,
    cells,
    { widest: 0, parts: "count" },
    {
      point(point) {
        while (at < cells.length && point.timeNs >= (cells[at]?.toNs ?? 0n)) at++;
        const cell = found[at];
        const values = valuesToNumbers(point);
        const weight = values[weightColumn] ?? 0;
        if (cell === undefined || weight <= 0) return;
        cell.count++;
        for (const [i, value] of values.entries()) cell.means.add(i, value, weight);
      },
      rollup() {},
    },
  );
  return found.map(({ count, means }) => ({ count, means: means.all() }));
}
