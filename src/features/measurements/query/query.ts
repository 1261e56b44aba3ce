/**
 * Queries of one series: samples at any width, up to date with its newest measurement.
 *
 * The words of this folder:
 * - A span is a range of time, `[from, to)`.
 * - A cell is the span that one sample of the answer summarizes.
 * - A level is one of the widths for which the store keeps rollups: 10 s, 1 min and 10 min are the
 *   levels 1 to 3. At level 0 single points are read.
 * - A bucket is a span of one level's width, aligned to it. Its rollup has the statistics of its points.
 * - A stretch is a span that is read in one way: from the rollups of one level, or from points. `cover.ts`
 *   splits cells into stretches.
 */

import { Failure, quoted } from "../../../core/failure.ts";
import { type MeasurementTail, valuesToNumbers } from "../measurement.ts";
import type {
  RollupParts,
  SeriesPoint,
  SeriesSnapshot,
  SeriesStore,
  Span,
} from "../series-port.ts";
import { asOfJoin, sampleInstants } from "./as-of.ts";
import { type BandCell, bandFrom, chosen, numbered, readBand } from "./band.ts";
import { cellsOf, evenCells, windows } from "./cells.ts";
import { type Fill, fillSamples, type Sample } from "./fill.ts";
import { mergePoints } from "./merge.ts";
import { slidingMeans } from "./moving.ts";
import { plotPoints } from "./plot.ts";
import { Budget, carriedInto, type SeriesSource, summarizeCells, tooMany } from "./read.ts";
import type { Summary } from "./summary.ts";
import { weightedMeans } from "./weighted.ts";

/** How the points of a cell become one value. `twa` is the time-weighted mean. */
export const aggregates = [
  "last",
  "min",
  "max",
  "mean",
  "twa",
  "moving",
  "weighted",
  "lttb",
  "count",
] as const;
export type Aggregate = (typeof aggregates)[number];

/** Complete and checked. */
export interface SeriesQuery {
  readonly tag: string;
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly points: number;
  readonly agg: Aggregate;
  readonly fill: Fill;
  /** Value columns, from 0; undefined: all. `lttb` uses a single one, the first by default. */
  readonly columns: readonly number[] | undefined;
  /** The width of the windows, for `moving`. */
  readonly windowNs: bigint;
  /** The column of the weights, for `weighted`. */
  readonly weight: number;
  /** Whether the smallest and largest value of each cell are answered as well. */
  readonly band: boolean;
}

export interface SeriesSample extends Sample {
  /** With `last`: the time of the measurement; null before the first. */
  readonly atNs?: bigint | null;
  /** The span `[from, to)` that it summarizes; undefined where it is a single measurement. */
  readonly span?: Span;
  /** Number of points in the span; for `weighted`, of points with a weight. */
  readonly count?: number;
}

export interface SeriesAnswer {
  readonly samples: readonly SeriesSample[];
  /** Undefined where it was not requested. */
  readonly band: readonly BandCell[] | undefined;
}

export interface SeriesSources {
  readonly store: SeriesStore;
  readonly tail: MeasurementTail;
}

export type SamplesQuery = Pick<SeriesQuery, "tag" | "startNs" | "endNs" | "points">;

export interface Samples {
  readonly instants: readonly bigint[];
  /** One per instant. */
  readonly points: readonly (SeriesPoint | undefined)[];
}

/** About two seconds of reading; wider ranges are answered from rollups. */
export const singlePointsMax = 1_000_000;

/**
 * The last point at or before each of `points` instants, spaced evenly up to `endNs`; undefined
 * before the first. Throws `not_found` for an unknown tag, `unavailable` while the tail is incomplete.
 */
export async function readSamples(
  { store, tail }: SeriesSources,
  query: SamplesQuery,
): Promise<Samples> {
  const newer = tailOf(tail, query.tag);
  const instants = sampleInstants(query.startNs, query.endNs, query.points);
  const stored = await store.asOf(query.tag, instants);
  if (stored === undefined && newer.length === 0) throw unknownTag(query.tag);
  return { instants, points: asOfJoin(mergePoints(stored ?? [], newer), instants) };
}

/** Throws like `readSamples`, and `invalid` when it would have to read too many single points. */
export async function querySeries(
  sources: SeriesSources,
  query: SeriesQuery,
): Promise<SeriesAnswer> {
  if (query.agg === "last") {
    const samples = await lastSamples(sources, query);
    const band = query.band ? await fromSnapshot(sources, query, readBand) : undefined;
    return { samples, band };
  }
  return await fromSnapshot(sources, query, aggregate);
}

async function lastSamples(sources: SeriesSources, query: SeriesQuery): Promise<SeriesSample[]> {
  const { instants, points } = await readSamples(sources, query);
  const samples = instants.map((timeNs, i) => {
    const point = points[i];
    return {
      ...{ timeNs, atNs: point?.timeNs ?? null },
      values: point === undefined ? null : numbered(chosen(query, valuesToNumbers(point))),
    };
  });
  return fillSamples(samples, query.fill);
}

async function fromSnapshot<T>(
  sources: SeriesSources,
  query: SeriesQuery,
  read: (source: SeriesSource, query: SeriesQuery) => Promise<T>,
): Promise<T> {
  const tail = tailOf(sources.tail, query.tag);
  const answer = (snapshot: SeriesSnapshot) =>
    read({ snapshot, tail, budget: new Budget(singlePointsMax) }, query);
  const found = await sources.store.snapshot(query.tag, answer);
  if (found === undefined && tail.length === 0) throw unknownTag(query.tag);
  return found ?? (await answer(emptySnapshot));
}

/** The tail's points of a tag. Must be read before the store. */
export function tailOf(tail: MeasurementTail, tag: string): readonly SeriesPoint[] {
  if (tail.isComplete) return tail.of(tag);
  throw new Failure("unavailable", "Cannot answer: this node is reading the newest measurements", {
    retryAfterMs: 1000,
  });
}

export function unknownTag(tag: string): Failure {
  return new Failure("not_found", `There is no series ${quoted(tag)}`);
}

/** The snapshot of a tag that only the tail has so far. */
const emptySnapshot: SeriesSnapshot = {
  kept: { fromNs: 0n, toNs: 0n },
  unrolled: async () => ({ 1: [], 2: [], 3: [] }),
  async *rollups() {},
  async *points() {},
  lastBefore: async () => undefined,
};

async function aggregate(source: SeriesSource, query: SeriesQuery): Promise<SeriesAnswer> {
  const { agg, fill } = query;
  if (isOfCells(agg)) return await aggregateCells(source, query, agg);
  const samples = await (agg === "lttb"
    ? plottedSamples(source, query)
    : (agg === "moving" ? movingSamples : weightedSamples)(source, query).then((all) =>
        fillSamples(all, fill),
      ));
  const band = query.band ? await readBand(source, query) : undefined;
  return { samples, band };
}

async function aggregateCells(
  source: SeriesSource,
  query: SeriesQuery,
  agg: CellAggregate,
): Promise<SeriesAnswer> {
  const { fill, startNs, endNs, points } = query;
  const cells = evenCells(startNs, endNs, points);
  const carried = agg === "twa" ? await carriedInto(source, startNs) : undefined;
  const parts = query.band ? "band" : partsOf[agg];
  const summaries = await summarizeCells(source, cells, parts, carried);
  const samples = summaries.map((summary, i) =>
    sampleOf(query, spanOf(query, cells[i]), summary.count, valuesOf(agg, summary)),
  );
  return {
    // A count is never missing.
    samples: fillSamples(samples, agg === "count" ? "null" : fill),
    band: query.band ? bandFrom(summaries, cells, query.columns) : undefined,
  };
}

async function plottedSamples(source: SeriesSource, query: SeriesQuery): Promise<SeriesSample[]> {
  const { points, columns } = query;
  const plotted = await plotPoints(source, spanOf(query), points, columns?.[0] ?? 0);
  return plotted.map(({ timeNs, value }) => ({ timeNs, values: [value] }));
}

async function weightedSamples(source: SeriesSource, query: SeriesQuery): Promise<SeriesSample[]> {
  const { startNs, endNs, points, weight } = query;
  await refuseTooMany(source, spanOf(query));
  const cells = evenCells(startNs, endNs, points);
  const means = await weightedMeans(source, cells, weight);
  return means.map((mean, i) => sampleOf(query, spanOf(query, cells[i]), mean.count, mean.means));
}

/** The cell, or the whole range. */
function spanOf({ startNs, endNs }: SeriesQuery, cell?: Span): Span {
  return cell ?? { fromNs: startNs, toNs: endNs };
}

async function movingSamples(source: SeriesSource, query: SeriesQuery): Promise<SeriesSample[]> {
  const { startNs, endNs, points, windowNs } = query;
  const spans = windows(startNs, endNs, points, windowNs);
  const cells = cellsOf(spans);
  const summaries = await summarizeCells(source, cells, "mean");
  return slidingMeans(spans, cells, summaries).flatMap(({ count, means }, i) => {
    const span = spans[i];
    return span === undefined ? [] : [sampleOf(query, span, count, means)];
  });
}

/** Refuses a query that reads too many single points, before it reads the first million. */
async function refuseTooMany(source: SeriesSource, span: Span): Promise<void> {
  const [whole] = await summarizeCells(source, [span], "count");
  if (whole !== undefined && whole.count > source.budget.max) throw tooMany(source.budget.max);
}

const partsOf = {
  min: "range",
  max: "range",
  mean: "mean",
  twa: "twa",
  count: "count",
} as const satisfies Partial<Record<Aggregate, RollupParts>>;

type CellAggregate = keyof typeof partsOf;

function isOfCells(agg: Aggregate): agg is CellAggregate {
  return agg in partsOf;
}

function valuesOf(agg: CellAggregate, summary: Summary): readonly number[] {
  if (agg === "count") return [summary.count];
  return summary[agg];
}

/** A sample's time is the end of its span, as in the original measurements demo. */
function sampleOf(
  query: SeriesQuery,
  span: Span,
  count: number,
  values: readonly number[],
): SeriesSample {
  const numbers = numbered(query.agg === "count" ? values : chosen(query, values));
  const some = numbers.some((value) => value !== null);
  return { timeNs: span.toNs, span, count, values: some ? numbers : null };
}
