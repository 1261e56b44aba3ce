/** Random series, and a reference for each query that simply reads every point. */

import { valuesFromNumbers, valuesToNumbers } from "../../src/features/measurements/measurement.ts";
import type { SeriesPoint, Span } from "../../src/features/measurements/series-port.ts";
import type { Random } from "./random.ts";

export function pointAt(timeNs: bigint, ...values: number[]): SeriesPoint {
  return { timeNs, values: valuesFromNumbers(values) };
}

/**
 * Random points in the span with gaps and bursts, in order of time. Each has one to three values, and
 * some values are very large.
 */
export function drawSeries(random: Random, { fromNs, toNs }: Span, count: number): SeriesPoint[] {
  const range = toNs - fromNs;
  const times = new Set<bigint>();
  let burst = 0n;
  for (let i = 0; i < count; i++) {
    // A third of them close to the one before, so that cells are crowded or empty.
    const near = random.chance(0.3);
    const ns = near ? burst + BigInt(random.int(1_000_000_000)) : drawBelow(random, range);
    burst = ns;
    if (ns < range) times.add(fromNs + ns);
  }
  const sorted = [...times].toSorted((a, b) => (a < b ? -1 : 1));
  return sorted.map((timeNs) =>
    pointAt(timeNs, ...Array.from({ length: 1 + random.int(3) }, () => drawValue(random))),
  );
}

function drawValue(random: Random): number {
  const value = random.int(2_000_000) / 1000 - 1000;
  return random.chance(0.01) ? value * 1e300 : value;
}

export function drawBelow(random: Random, below: bigint): bigint {
  const drawn = (BigInt(random.int(2 ** 31)) << 33n) | (BigInt(random.int(2 ** 31)) << 2n);
  return drawn % below;
}

export function asOfReference(points: readonly SeriesPoint[], ns: bigint): SeriesPoint | undefined {
  return points.findLast(({ timeNs }) => timeNs <= ns);
}

export interface Reference {
  readonly count: number;
  readonly min: readonly number[];
  readonly max: readonly number[];
  readonly mean: readonly number[];
  /** Time-weighted average, including the value before the span. */
  readonly twa: readonly number[];
}

/** Aggregates of the points within the span, by column. */
export function referenceOf(points: readonly SeriesPoint[], { fromNs, toNs }: Span): Reference {
  const within = points.filter(({ timeNs }) => timeNs >= fromNs && timeNs < toNs);
  const columns = transposed(within.map(valuesToNumbers));
  return {
    count: within.length,
    min: columns.map((column) => Math.min(...column)),
    max: columns.map((column) => Math.max(...column)),
    mean: columns.map((column) =>
      meanOf(
        column,
        column.map(() => 1),
      ),
    ),
    twa: twaReference(points, { fromNs, toNs }),
  };
}

function twaReference(points: readonly SeriesPoint[], { fromNs, toNs }: Span): number[] {
  const held: { values: number[]; forNs: number }[] = [];
  const before = points.findLast(({ timeNs }) => timeNs < fromNs);
  let at = fromNs;
  let values = before === undefined ? [] : valuesToNumbers(before);
  for (const point of points) {
    if (point.timeNs < fromNs || point.timeNs >= toNs) continue;
    held.push({ values, forNs: Number(point.timeNs - at) });
    at = point.timeNs;
    values = valuesToNumbers(point);
  }
  held.push({ values, forNs: Number(toNs - at) });
  const width = Math.max(...held.map((each) => each.values.length));
  return Array.from({ length: width }, (_, column) => {
    const having = held.filter((each) => column < each.values.length && each.forNs > 0);
    return meanOf(
      having.map((each) => each.values[column] ?? 0),
      having.map(({ forNs }) => forNs),
    );
  });
}

/** Weighted mean, by shares of the total weight because a sum may overflow. */
export function meanOf(values: readonly number[], weights: readonly number[]): number {
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  if (whole === 0) return Number.NaN;
  return values.reduce((sum, value, i) => sum + value * ((weights[i] ?? 0) / whole), 0);
}

function transposed(rows: readonly number[][]): number[][] {
  const width = Math.max(0, ...rows.map((row) => row.length));
  return Array.from({ length: width }, (_, column) =>
    rows.flatMap((row) => (column < row.length ? [row[column] ?? 0] : [])),
  );
}

/** True if both are equal up to rounding, relative to `scale`, the size of the summands. */
export function near(a: number, b: number, scale: number): boolean {
  return Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(scale), 1e-300) || a === b;
}
