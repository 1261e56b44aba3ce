/** Answers about one series: samples of it at any width, exact to its newest measurement. */
import { Failure, quoted } from "../../../core/failure.ts";
import { valuesToNumbers, type MeasurementTail } from "../measurement.ts";
import type {
  RollupParts,
  SeriesPoint,
  SeriesSnapshot,
  SeriesStore,
  Span,
} from "../series-port.ts";
import { asOfJoin, sampleInstants } from "./as-of.ts";
import { cellsOf, evenCells, windows } from "./cells.ts";
import { fillSamples, type Fill, type Sample } from "./fill.ts";
import { mergePoints } from "./merge.ts";
import { slidingMeans } from "./moving.ts";
import { plotPoints } from "./plot.ts";
import { Budget, carriedInto, summarizeCells, tooMany, type SeriesSource } from "./read.ts";
import type { Summary } from "./summary.ts";
import { weightedMeans } from "./weighted.ts";

/** How the points of a cell become one value; `twa` is the mean weighted by time. */
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
  /** Value columns, from 0; undefined: all. `lttb` draws one alone, the first by default. */
  readonly columns: readonly number[] | undefined;
  /** Of `moving`. */
  readonly windowNs: bigint;
  /** Of `weighted`: the column that weighs. */
  readonly weight: number;
}

export interface SeriesSample extends Sample {
  /** What it was taken from: `[from, to)`. Undefined where it is a measurement's own. */
  readonly span?: Span;
  /** Points in the span; of `weighted` those that weigh anything. */
  readonly count?: number;
}

export interface SeriesSources {
  readonly store: SeriesStore;
  readonly tail: MeasurementTail;
}

export type SamplesQuery = Pick<SeriesQuery, "tag" | "startNs" | "endNs" | "points">;

export interface Samples {
  readonly instants: readonly bigint[];
  /** One for each instant. */
  readonly points: readonly (SeriesPoint | undefined)[];
}

/** About two seconds of reading: what is wider is answered from rollups. */
export const singlePointsMax = 1_000_000;

/**
 * The last point at or before each of `count` instants, evenly up to `endNs`; undefined before the
 * first. Throws `not_found` for an unknown tag, `unavailable` while the tail lacks something.
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

/** Throws as `readSamples`, and `invalid` where too many points would have to be read one by one. */
export async function querySeries(
  sources: SeriesSources,
  query: SeriesQuery,
): Promise<SeriesSample[]> {
  if (query.agg === "last") {
    const { instants, points } = await readSamples(sources, query);
    const samples = instants.map((timeNs, i) => {
      const point = points[i];
      return { timeNs, values: point === undefined ? null : chosen(query, valuesToNumbers(point)) };
    });
    return fillSamples(samples, query.fill);
  }
  const tail = tailOf(sources.tail, query.tag);
  const answer = (snapshot: SeriesSnapshot) =>
    aggregate({ snapshot, tail, budget: new Budget(singlePointsMax) }, query);
  const found = await sources.store.snapshot(query.tag, answer);
  if (found === undefined && tail.length === 0) throw unknownTag(query.tag);
  return found ?? (await answer(emptySnapshot));
}

/** The tail's points of a tag. To be asked before the store. */
export function tailOf(tail: MeasurementTail, tag: string): readonly SeriesPoint[] {
  if (tail.isComplete) return tail.of(tag);
  throw new Failure("unavailable", "Cannot answer: this node is reading the newest measurements", {
    retryAfterMs: 1000,
  });
}

export function unknownTag(tag: string): Failure {
  return new Failure("not_found", `There is no series ${quoted(tag)}`);
}

/** Of a tag that only the tail has so far. */
const emptySnapshot: SeriesSnapshot = {
  kept: { fromNs: 0n, toNs: 0n },
  unrolled: async () => ({ 1: [], 2: [], 3: [] }),
  async *rollups() {},
  async *points() {},
  lastBefore: async () => undefined,
};

async function aggregate(source: SeriesSource, query: SeriesQuery): Promise<SeriesSample[]> {
  const { agg, fill, startNs, endNs, points } = query;
  const span = { fromNs: startNs, toNs: endNs };
  if (agg === "lttb") {
    const plotted = await plotPoints(source, span, points, query.columns?.[0] ?? 0);
    return plotted.map(({ timeNs, value }) => ({ timeNs, values: [value] }));
  }
  if (agg === "moving") return fillSamples(await movingSamples(source, query), fill);
  const cells = evenCells(startNs, endNs, points);
  if (agg === "weighted") {
    await refuseTooMany(source, span);
    const means = await weightedMeans(source, cells, query.weight);
    return fillSamples(
      means.map((mean, i) => sampleOf(query, cells[i] ?? span, mean.count, mean.means)),
      fill,
    );
  }
  const carried = agg === "twa" ? await carriedInto(source, startNs) : undefined;
  const summaries = await summarizeCells(source, cells, partsOf[agg], carried);
  return fillSamples(
    summaries.map((summary, i) =>
      sampleOf(query, cells[i] ?? span, summary.count, valuesOf(agg, summary)),
    ),
    // There is no such thing as a missing count.
    agg === "count" ? "null" : fill,
  );
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

/** What cannot be answered is told before a million points have been read for it. */
async function refuseTooMany(source: SeriesSource, span: Span): Promise<void> {
  const [whole] = await summarizeCells(source, [span], "count");
  if (whole !== undefined && whole.count > source.budget.max) throw tooMany(source.budget.max);
}

const partsOf = {
  last: "count",
  min: "range",
  max: "range",
  mean: "mean",
  twa: "twa",
  count: "count",
} as const satisfies Partial<Record<Aggregate, RollupParts>>;

function valuesOf(
  agg: "last" | "min" | "max" | "mean" | "twa" | "count",
  summary: Summary,
): readonly number[] {
  if (agg === "last") return summary.last === undefined ? [] : valuesToNumbers(summary.last);
  if (agg === "count") return [summary.count];
  return summary[agg];
}

/** It stands at its end, as the seed's samples do. */
function sampleOf(
  query: SeriesQuery,
  span: Span,
  count: number,
  values: readonly number[],
): SeriesSample {
  const picked = query.agg === "count" ? values : chosen(query, values);
  const numbers = picked.map((value) => (Number.isNaN(value) ? null : value));
  const some = numbers.some((value) => value !== null);
  return { timeNs: span.toNs, span, count, values: some ? numbers : null };
}

/** The columns that were asked for; NaN for those that there are not. */
function chosen({ columns }: SeriesQuery, values: readonly number[]): readonly number[] {
  if (columns === undefined) return values;
  return columns.map((column) => values[column] ?? Number.NaN);
}
