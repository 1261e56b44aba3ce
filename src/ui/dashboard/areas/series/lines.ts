/** From answers to what is drawn: lines over one axis, bands, gaps, and what is not known yet. */

import type { PlotLine, PlotMark, Value } from "../../kit/plot/draw.ts";
import type { SeriesAnswer } from "./answer.ts";
import type { Fill, Shown } from "./view.ts";

/** One value over time. */
export interface Line {
  readonly shown: Shown;
  readonly column: number;
  readonly cells: readonly Cell[];
  /** Stretches without a measurement that are longer than its pauses usually are. */
  readonly gaps: readonly Stretch[];
}

export interface Cell {
  readonly timeNs: bigint;
  /** What it stands for; undefined for a single measurement. */
  readonly fromNs: bigint | undefined;
  readonly toNs: bigint;
  readonly count: number | undefined;
  readonly atNs: bigint | undefined;
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

export interface Stretch {
  readonly fromNs: bigint;
  readonly toNs: bigint;
}

export interface Answered {
  readonly shown: Shown;
  readonly answer: SeriesAnswer;
  /** The 99th percentile of its pauses, as far as it is known. */
  readonly pauseNs: bigint | undefined;
}

/** A silence that is so many times the usual pause is a gap. */
const pausesOfGap = 3n;
/** So are this many cells without a measurement. */
const cellsOfGap = 2n;

/** How long nothing may be measured until that is a gap. */
export function gapAfterNs({ answer, pauseNs = 0n }: Answered): bigint {
  const count = BigInt(Math.max(1, answer.band.length || answer.points.length));
  const cells = (cellsOfGap * (answer.endNs - answer.startNs)) / count;
  const pauses = pausesOfGap * pauseNs;
  return cells > pauses ? cells : pauses;
}

export function linesOf(answered: Answered): Line[] {
  const { shown, answer } = answered;
  const given = Math.max(0, ...answer.points.map(({ values }) => values?.length ?? 0));
  // Where nothing was measured the answer does not say how many columns there are.
  const width = given === 0 ? Math.max(1, shown.columns.length) : given;
  const cells = cellsOf(answer);
  const gapNs = gapAfterNs(answered);
  return Array.from({ length: width }, (_, at) => {
    const own = cells.map((cell) => cell(at));
    const gaps = shown.agg === "count" || shown.agg === "lttb" ? [] : gapsOf(own, answer, gapNs);
    return { shown, column: columnOf(shown, at), cells: own, gaps };
  });
}

function columnOf({ agg, columns }: Shown, at: number): number {
  return agg === "count" ? 0 : (columns[at] ?? at);
}

/** Each point with the cell of the band that ends there. */
function cellsOf({ points, band }: SeriesAnswer): ((at: number) => Cell)[] {
  const byEnd = new Map(band.map((cell) => [cell.toNs, cell]));
  // The last values are not at the ends of cells, which lie on the grid of rollups, but as many.
  const before = band.length - points.length;
  return points.map((point, i) => {
    const cell =
      byEnd.get(point.timeNs) ?? (point.fromNs === undefined ? band[before + i] : undefined);
    return (at) => ({
      timeNs: point.timeNs,
      fromNs: cell?.fromNs ?? point.fromNs,
      toNs: cell?.toNs ?? point.timeNs,
      // Of a moving mean it is of the window, which is wider than the cell.
      count: cell?.count ?? point.count,
      atNs: point.atNs,
      value: point.values?.[at] ?? null,
      low: cell?.min?.[at] ?? null,
      high: cell?.max?.[at] ?? null,
    });
  });
}

function gapsOf(
  cells: readonly Cell[],
  { startNs, endNs, untilNs }: SeriesAnswer,
  gapNs: bigint,
): Stretch[] {
  const last = cells.at(-1)?.timeNs ?? endNs;
  const seenNs = last < untilNs ? last : untilNs;
  // A line that begins before and ends behind has no point here, however short its pauses are.
  if (!cells.some(isMeasured)) return startNs < seenNs ? [{ fromNs: startNs, toNs: seenNs }] : [];
  const gaps: Stretch[] = [];
  let fromNs = startNs;
  const close = (toNs: bigint) => {
    if (toNs - fromNs > gapNs) gaps.push({ fromNs, toNs });
  };
  for (const cell of cells) {
    if (!isMeasured(cell)) continue;
    close(cell.fromNs ?? cell.timeNs);
    fromNs = cell.toNs;
  }
  close(seenNs);
  return gaps;
}

export function isMeasured({ count, value }: Cell): boolean {
  return count === undefined ? value !== null : count > 0 && value !== null;
}

export interface Picture {
  readonly baseNs: bigint;
  readonly x: readonly number[];
  readonly times: readonly bigint[];
  readonly drawn: readonly PlotLine[];
  readonly marks: readonly PlotMark[];
  readonly to: number;
}

/** The lines over the union of their times, which are nanoseconds after the start. */
export function pictureOf(
  lines: readonly Line[],
  span: Stretch,
  untilNs: bigint,
  fill: Fill,
): Picture {
  const baseNs = span.fromNs;
  const times = [...new Set(lines.flatMap(({ cells }) => cells.map(({ timeNs }) => timeNs)))];
  times.sort((a, b) => (a < b ? -1 : 1));
  const places = new Map(times.map((ns, i) => [ns, i]));
  const offset = (ns: bigint) => Number(ns - baseNs);
  const empty = intersect(lines.map(({ gaps }) => gaps));
  const marks: PlotMark[] = empty.map(({ fromNs, toNs }) => ({
    ...{ from: offset(fromNs), to: offset(toNs) },
    kind: "empty",
  }));
  if (untilNs < span.toNs) {
    const from = untilNs < span.fromNs ? span.fromNs : untilNs;
    marks.push({ from: offset(from), to: offset(span.toNs), kind: "later" });
  }
  return {
    ...{ baseNs, times, marks },
    x: times.map(offset),
    drawn: lines.map((line) => ({
      ...drawnOf(line, places, fill, untilNs),
      gaps: line.gaps.map(({ fromNs, toNs }) => ({ from: offset(fromNs), to: offset(toNs) })),
    })),
    to: offset(span.toNs),
  };
}

function drawnOf(
  { shown, column, cells, gaps }: Line,
  places: ReadonlyMap<bigint, number>,
  fill: Fill,
  untilNs: bigint,
): PlotLine {
  const empty = () => Array.from({ length: places.size }, (): Value => undefined);
  const [values, low, high] = [empty(), empty(), empty()];
  let gap = 0;
  for (const cell of cells) {
    const place = places.get(cell.timeNs);
    if (place === undefined) continue;
    while ((gaps[gap]?.toNs ?? cell.timeNs) < cell.timeNs) gap++;
    const stretch = gaps[gap];
    const isInGap =
      stretch !== undefined && cell.timeNs > stretch.fromNs && cell.timeNs <= stretch.toNs;
    const isLater = (cell.fromNs ?? cell.timeNs) >= untilNs;
    values[place] = valueOf(cell, { isInGap, isLater, fill });
    low[place] = cell.low ?? values[place] ?? (isInGap ? null : undefined);
    high[place] = cell.high ?? values[place] ?? (isInGap ? null : undefined);
  }
  const name = `${shown.tag} ${column} ${shown.agg}`;
  return shown.agg === "lttb" || shown.agg === "count"
    ? { name, values }
    : { name, values, low, high };
}

/** A value that was not measured in its cell is drawn only as the fill says. */
function valueOf(
  cell: Cell,
  {
    isInGap,
    isLater,
    fill,
  }: { readonly isInGap: boolean; readonly isLater: boolean; readonly fill: Fill },
): Value {
  if (isLater) return null;
  if (fill === "previous" || fill === "linear") return cell.value;
  if (isMeasured(cell)) return cell.value;
  return isInGap && fill === "null" ? null : undefined;
}

/** What is in each of the lists; no lists have nothing in common. */
function intersect(lists: readonly (readonly Stretch[])[]): readonly Stretch[] {
  const [first, ...others] = lists;
  if (first === undefined) return [];
  return others.reduce<readonly Stretch[]>((common, list) => {
    return common.flatMap((a) =>
      list.flatMap((b) => {
        const fromNs = a.fromNs > b.fromNs ? a.fromNs : b.fromNs;
        const toNs = a.toNs < b.toNs ? a.toNs : b.toNs;
        return fromNs < toNs ? [{ fromNs, toNs }] : [];
      }),
    );
  }, first);
}
