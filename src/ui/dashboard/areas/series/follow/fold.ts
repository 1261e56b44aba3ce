/**
 * An answer of the gateway, with what was measured since: the cells from an instant on are computed from
 * the measurements themselves, as the gateway computes them. Those before stay as they were answered.
 */

import type { BandCell, Point, SeriesAnswer } from "../answer.ts";
import type { Aggregate, Fill, Shown } from "../view.ts";

export interface Measurement {
  readonly timeNs: bigint;
  readonly values: readonly number[];
}

/** All measurements of a series from `fromNs` on, by time, each time once. */
export interface Fresh {
  readonly fromNs: bigint;
  readonly measurements: readonly Measurement[];
}

const foldable: ReadonlySet<Aggregate> = new Set(["mean", "last", "min", "max", "count", "lttb"]);

/** Whether cells follow from their measurements alone. The others are the gateway's to compute. */
export function canFold({ agg }: Shown, fill: Fill): boolean {
  return foldable.has(agg) && fill !== "linear";
}

/** The first cell of the answer that has nothing from before `fromNs`; undefined: none. */
export function firstWhole({ band, endNs }: SeriesAnswer, fromNs: bigint): bigint | undefined {
  if (band.length === 0) return fromNs < endNs ? fromNs : undefined;
  return band.find((cell) => cell.fromNs >= fromNs)?.fromNs;
}

/** `fresh.fromNs` must be the beginning of a cell. */
export function folded(shown: Shown, fill: Fill, answer: SeriesAnswer, fresh: Fresh): SeriesAnswer {
  const { agg } = shown;
  if (agg === "lttb") return { ...answer, points: singlePoints(shown, answer, fresh) };
  const cells = summarized(shown, answer.band, fresh);
  const band = answer.band.map((cell) => cells.get(cell.toNs)?.cell ?? cell);
  if (agg === "last") return { ...answer, band, points: lastPoints(shown, answer, fresh) };
  const points = answer.points.map((point) => {
    const found = cells.get(point.timeNs);
    return found === undefined ? point : pointOf(point, agg, found);
  });
  const isRepeated = fill === "previous" && agg !== "count";
  return { ...answer, band, points: isRepeated ? repeated(points, fresh.fromNs) : points };
}

interface Summarized {
  readonly cell: BandCell;
  /** By column; null for one without a value. */
  readonly means: readonly (number | null)[];
}

/** The cells from `fromNs` on, by their ends. */
function summarized(
  shown: Shown,
  band: readonly BandCell[],
  { fromNs, measurements }: Fresh,
): ReadonlyMap<bigint, Summarized> {
  const found = new Map<bigint, Summarized>();
  let at = 0;
  for (const { fromNs: cellFrom, toNs } of band) {
    if (cellFrom < fromNs) continue;
    while ((measurements[at]?.timeNs ?? toNs) < cellFrom) at++;
    const first = at;
    while ((measurements[at]?.timeNs ?? toNs) < toNs) at++;
    found.set(toNs, summaryOf(shown, { fromNs: cellFrom, toNs }, measurements.slice(first, at)));
  }
  return found;
}

function summaryOf(
  shown: Shown,
  span: { readonly fromNs: bigint; readonly toNs: bigint },
  inside: readonly Measurement[],
): Summarized {
  const rows = inside.map((measurement) => columnsOf(shown, measurement));
  const width = Math.max(0, ...rows.map((row) => row.length));
  const columns = Array.from({ length: width }, (_, at) => rows.flatMap((row) => row[at] ?? []));
  const each = (of: (values: readonly number[]) => number) =>
    columns.map((values) => (values.length === 0 ? null : of(values)));
  const min = each((values) => values.reduce((low, value) => Math.min(low, value)));
  const max = each((values) => values.reduce((high, value) => Math.max(high, value)));
  // In the order of time, as the gateway adds them.
  const means = each((values) => values.reduce((sum, value) => sum + value, 0) / values.length);
  const count = inside.length;
  return { cell: { ...span, count, ...(count === 0 ? none : { min, max }) }, means };
}

const none = { min: null, max: null };

/** The values of the chosen columns; undefined for one that the measurement does not have. */
function columnsOf({ columns }: Shown, { values }: Measurement): readonly (number | undefined)[] {
  return columns.length === 0 ? values : columns.map((column) => values[column]);
}

function pointOf(point: Point, agg: Aggregate, { cell, means }: Summarized): Point {
  const { count, min, max } = cell;
  if (agg === "count") return { ...point, count, values: [count] };
  if (count === 0) return { ...point, count, values: null };
  if (agg === "min") return { ...point, count, values: min };
  return { ...point, count, values: agg === "max" ? max : means };
}

/** The last values before an empty cell, from `fromNs` on. */
function repeated(points: readonly Point[], fromNs: bigint): readonly Point[] {
  let before: Point["values"] = null;
  return points.map((point) => {
    const isFresh = (point.fromNs ?? point.timeNs) >= fromNs;
    const values = isFresh ? (point.values ?? before) : point.values;
    before = values;
    return values === point.values ? point : { ...point, values };
  });
}

/** Each point has the newest measurement at or before it. */
function lastPoints(
  shown: Shown,
  { points }: SeriesAnswer,
  { measurements }: Fresh,
): readonly Point[] {
  let next = 0;
  let newest: Measurement | undefined;
  return points.map((point) => {
    for (;;) {
      const candidate = measurements[next];
      if (candidate === undefined || candidate.timeNs > point.timeNs) break;
      newest = candidate;
      next++;
    }
    if (newest === undefined) return point;
    if (point.atNs !== undefined && point.atNs > newest.timeNs) return point;
    const values = columnsOf(shown, newest).map((value) => value ?? null);
    return { ...point, atNs: newest.timeNs, values };
  });
}

/** Of `lttb`, which draws measurements themselves: all of the new ones. */
function singlePoints(
  { columns }: Shown,
  { points }: SeriesAnswer,
  { fromNs, measurements }: Fresh,
): readonly Point[] {
  const column = columns[0] ?? 0;
  const fresh = measurements.flatMap(({ timeNs, values }): Point[] => {
    const value = values[column];
    if (value === undefined) return [];
    const single = { fromNs: undefined, count: undefined, atNs: undefined };
    return [{ timeNs, ...single, values: [value] }];
  });
  return [...points.filter(({ timeNs }) => timeNs < fromNs), ...fresh];
}

/** The part of an answer that is between two instants; what was received before `untilNs` is in it. */
export function cutTo(
  answer: SeriesAnswer,
  { startNs, endNs, untilNs }: Pick<SeriesAnswer, "startNs" | "endNs" | "untilNs">,
): SeriesAnswer {
  const isWithin = (ns: bigint) => ns > startNs && ns <= endNs;
  const { points, band } = answer;
  const cut = { ...answer, startNs, endNs, untilNs };
  // Points of the last values stand beside cells by their order: both lists are cut alike.
  if (points.length === band.length) {
    const kept = points.map(({ timeNs }) => isWithin(timeNs));
    return {
      ...cut,
      points: points.filter((_, at) => kept[at]),
      band: band.filter((_, at) => kept[at]),
    };
  }
  return {
    ...cut,
    points: points.filter(({ timeNs }) => isWithin(timeNs)),
    band: band.filter(({ toNs }) => isWithin(toNs)),
  };
}
