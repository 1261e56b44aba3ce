/** Fills the points of an answer that have no value. */

export const fills = ["none", "null", "previous", "linear"] as const;
/**
 * `none` leaves such points out, `null` keeps them as null, `previous` repeats the value before, and
 * `linear` interpolates between the values on both sides. Without a value to fill with, null remains.
 */
export type Fill = (typeof fills)[number];

/** One point of an answer. `values` has null for a column without a value, and is null without any. */
export interface Sample {
  readonly timeNs: bigint;
  readonly values: readonly (number | null)[] | null;
}

/** `samples` are sorted by time; `columns` is how many values a filled sample has. */
export function fillSamples<S extends Sample>(samples: readonly S[], fill: Fill): S[] {
  if (fill === "null") return [...samples];
  if (fill === "none") return samples.filter(({ values }) => values !== null);
  const columns = Math.max(0, ...samples.map(({ values }) => values?.length ?? 0));
  const filled = samples.map(({ values }) =>
    Array.from({ length: columns }, (_, column) => values?.[column] ?? null),
  );
  for (let column = 0; column < columns; column++) fillColumn(samples, filled, column, fill);
  return samples.map((sample, i) => {
    const values = filled[i] ?? null;
    return { ...sample, values: values?.some((value) => value !== null) ? values : null };
  });
}

function fillColumn(
  samples: readonly Sample[],
  filled: readonly (number | null)[][],
  column: number,
  fill: "previous" | "linear",
): void {
  let known = -1;
  for (let i = 0; i < samples.length; i++) {
    const value = filled[i]?.[column] ?? null;
    if (value === null) continue;
    const before = known < 0 ? null : (filled[known]?.[column] ?? null);
    if (before !== null) {
      for (let gap = known + 1; gap < i; gap++) {
        const at = fill === "previous" ? 0 : fraction(samples, known, gap, i);
        set(filled, gap, column, between(before, value, at));
      }
    }
    known = i;
  }
  const last = known < 0 ? null : (filled[known]?.[column] ?? null);
  if (fill !== "previous" || last === null) return;
  for (let gap = known + 1; gap < samples.length; gap++) set(filled, gap, column, last);
}

function set(filled: readonly (number | null)[][], row: number, column: number, value: number) {
  const values = filled[row];
  if (values !== undefined) values[column] = value;
}

/** How far sample `at` lies between two others, from 0 to 1. */
function fraction(samples: readonly Sample[], from: number, at: number, to: number): number {
  const start = samples[from]?.timeNs ?? 0n;
  const whole = Number((samples[to]?.timeNs ?? 0n) - start);
  return whole === 0 ? 0 : Number((samples[at]?.timeNs ?? 0n) - start) / whole;
}

/** A weighted sum, because the difference of two finite numbers may not be finite. */
function between(a: number, b: number, at: number): number {
  return at === 0 ? a : a * (1 - at) + b * at;
}
