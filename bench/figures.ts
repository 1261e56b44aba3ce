/** Arithmetic of summaries. A figure that is not known is undefined, and null in JSON. */

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Null for a figure that is not known or not finite: JSON has no other word for it. */
export function rounded(value: number | undefined, digits: number): number | null {
  if (value === undefined || !Number.isFinite(value)) return null;
  return Number(value.toFixed(digits));
}

export function difference(to: number | undefined, from: number | undefined): number | undefined {
  return to === undefined || from === undefined ? undefined : to - from;
}

/** The gateway's figure by the mean of both floors'. */
export function byFloor(gateway: number | null, floors: readonly (number | null)[]): number | null {
  return rounded((gateway ?? Number.NaN) / mean(floors.map((value) => value ?? Number.NaN)), 3);
}

/** The larger by the smaller: 1 on a quiet machine. */
export function spread(floors: readonly (number | null)[]): number | null {
  const values = floors.map((value) => value ?? Number.NaN);
  return rounded(Math.max(...values) / Math.min(...values), 3);
}

/** NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
