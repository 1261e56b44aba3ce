/** Rollups as rows: statistics packed as float64, little-endian, one for each value column. */

import { getTableColumns } from "drizzle-orm";
import { decoderOf } from "../../../postgres/statement.ts";
import { valuesFromNumbers, valuesToNumbers } from "../measurement.ts";
import { type ColumnStats, type Level, levelNs, type Rollup } from "../series-port.ts";
import { seriesRollups } from "./tables.ts";

const { level: _, tag: __, ...columns } = getTableColumns(seriesRollups);

/** Decodes the columns of a rollup, besides those by which it was selected. */
export const decodeRollup = decoderOf(columns);

export type RollupRow = Omit<typeof seriesRollups.$inferSelect, "level" | "tag">;

export function rollupFromRow(row: RollupRow, level: Level): Rollup {
  const { time: startNs, count } = row;
  const endNs = startNs + levelNs(level);
  const first = { timeNs: row.firstTime, values: row.firstVals };
  const last = { timeNs: row.lastTime, values: row.lastVals };
  return { startNs, endNs, count, first, last, columns: columnsFromRow() };

  function columnsFromRow(): ColumnStats {
    const heldNs = Number(endNs - first.timeNs);
    if (count === 1) {
      const values = valuesToNumbers(first);
      const at = values.map(() => Number(first.timeNs - startNs));
      return {
        ...{ min: values, max: values, minAt: at, maxAt: at, mean: values, twa: values },
        ...{ count: values.map(() => 1), held: values.map(() => heldNs) },
      };
    }
    const [min, mean, twa] = [numbers(row.mins), numbers(row.means), numbers(row.twas)];
    // A query selects some of them.
    const columns = Array.from({ length: Math.max(min.length, mean.length, twa.length) });
    return {
      ...{ min, mean, twa },
      max: numbers(row.maxs),
      minAt: numbers(row.minAt),
      maxAt: numbers(row.maxAt),
      count: row.counts === null ? columns.map(() => count) : numbers(row.counts),
      held: row.helds === null ? columns.map(() => heldNs) : numbers(row.helds),
    };
  }
}

/** The packed columns; null where they follow from the others. */
export function packedColumns({ count, first, endNs, columns }: Rollup) {
  const heldNs = Number(endNs - first.timeNs);
  if (count === 1) {
    const none = { mins: null, maxs: null, minAt: null, maxAt: null };
    return { ...none, means: null, twas: null, counts: null, helds: null };
  }
  const counts = Array.from(columns.count);
  const helds = Array.from(columns.held);
  return {
    mins: pack(columns.min),
    maxs: pack(columns.max),
    minAt: pack(columns.minAt),
    maxAt: pack(columns.maxAt),
    means: pack(columns.mean),
    twas: pack(columns.twa),
    counts: counts.every((each) => each === count) ? null : pack(counts),
    helds: helds.every((each) => each === heldNs) ? null : pack(helds),
  };
}

function pack(numbers: ArrayLike<number>): Uint8Array {
  return valuesFromNumbers(Array.from(numbers));
}

function numbers(packed: Uint8Array | null): number[] {
  return packed === null ? [] : valuesToNumbers({ values: packed });
}
