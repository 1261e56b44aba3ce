/** Rollups as rows: statistics packed as float64, little-endian, one for each value column. */
import { valuesFromNumbers, valuesToNumbers } from "../measurement.ts";
import { levelNs, type ColumnStats, type Level, type Rollup } from "../series-port.ts";

/** int8 comes as text. */
export interface RollupRow {
  readonly time: string;
  readonly count: string;
  readonly first_time: string;
  readonly first_vals: Uint8Array;
  readonly last_time: string;
  readonly last_vals: Uint8Array;
  readonly mins: Uint8Array | null;
  readonly maxs: Uint8Array | null;
  readonly min_at: Uint8Array | null;
  readonly max_at: Uint8Array | null;
  readonly means: Uint8Array | null;
  readonly twas: Uint8Array | null;
  readonly counts: Uint8Array | null;
  readonly helds: Uint8Array | null;
}

export function rollupFromRow(row: RollupRow, level: Level): Rollup {
  const startNs = BigInt(row.time);
  const endNs = startNs + levelNs(level);
  const count = Number(row.count);
  const first = { timeNs: BigInt(row.first_time), values: row.first_vals };
  const last = { timeNs: BigInt(row.last_time), values: row.last_vals };
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
    // Any of them may not have been asked for.
    const columns = Array.from({ length: Math.max(min.length, mean.length, twa.length) });
    return {
      ...{ min, mean, twa },
      max: numbers(row.maxs),
      minAt: numbers(row.min_at),
      maxAt: numbers(row.max_at),
      count: row.counts === null ? columns.map(() => count) : numbers(row.counts),
      held: row.helds === null ? columns.map(() => heldNs) : numbers(row.helds),
    };
  }
}

/** The packed columns; null where they follow from the rest. */
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
