/**
 * Series as their readers see them: the points of one tag, what buckets of them come to, and the
 * ports behind which the store keeps both.
 */

/** One point of a series; a `Measurement` without its tag. */
export interface SeriesPoint {
  /** Nanoseconds since the Unix epoch, an int64. */
  readonly timeNs: bigint;
  /** float64, little-endian, packed; 1 to 64 of them, all finite. */
  readonly values: Uint8Array;
}

/** Widths of the buckets that are rolled up, by level - 1; each divides the next, and an hour. */
export const levelsNs = [10_000_000_000n, 60_000_000_000n, 600_000_000_000n] as const;
export type Level = 1 | 2 | 3;
export const levels: readonly Level[] = [1, 2, 3];

export function levelNs(level: Level): bigint {
  return levelsNs[level - 1] ?? levelsNs[0];
}

/** What the points of one bucket come to. Arrays have an element for each value column. */
export interface Rollup {
  readonly startNs: bigint;
  readonly endNs: bigint;
  /** Points in the bucket, at least 1. */
  readonly count: number;
  readonly first: SeriesPoint;
  readonly last: SeriesPoint;
  readonly columns: ColumnStats;
}

/**
 * Statistics by value column. Means instead of sums, which could overflow; a time-weighted mean
 * holds each point's value until the next, from the bucket's first point to its end.
 */
export interface ColumnStats {
  readonly min: ArrayLike<number>;
  readonly max: ArrayLike<number>;
  /** When the first smallest and largest value were, in nanoseconds after the bucket's begin. */
  readonly minAt: ArrayLike<number>;
  readonly maxAt: ArrayLike<number>;
  readonly mean: ArrayLike<number>;
  readonly twa: ArrayLike<number>;
  /** Points that have the column. */
  readonly count: ArrayLike<number>;
  /** Nanoseconds for which the column had a value. */
  readonly held: ArrayLike<number>;
}

/** Which statistics are wanted; `plot`: ranges with their times. Counts and both ends are always there. */
export type RollupParts = "count" | "range" | "mean" | "twa" | "plot" | "all";

/** From `fromNs` up to, but not including, `toNs`. */
export interface Span {
  readonly fromNs: bigint;
  readonly toNs: bigint;
}

/** Buckets (by their begin, rising) whose rollups are out of date; others without one are empty. */
export type Unrolled = Readonly<Record<Level, readonly bigint[]>>;

/** The store as readers of series use it. Throws `unavailable` when it is away. */
export interface SeriesStore {
  /**
   * Points among which the last at or before each instant is, by time; `instants` rise. Undefined
   * for a tag that the store does not know.
   */
  asOf(tag: string, instants: readonly bigint[]): Promise<readonly SeriesPoint[] | undefined>;
  /** One state of the store, whatever is written meanwhile. Undefined for an unknown tag. */
  snapshot<T>(tag: string, use: (snapshot: SeriesSnapshot) => Promise<T>): Promise<T | undefined>;
  /** Points by time, as they are when their page is read; pages of a bounded size. */
  pages(tag: string, span: Span, signal?: AbortSignal): AsyncIterable<readonly SeriesPoint[]>;
  /** By tag, at most `limit` of those after `after` that begin with `prefix`. */
  list(query: SeriesListQuery): Promise<readonly StoredSeries[]>;
}

export interface SeriesSnapshot {
  /** Where points are kept: earlier ones may be there in part, later ones are not. */
  readonly kept: Span;
  unrolled(span: Span): Promise<Unrolled>;
  /**
   * By time; buckets that begin in one of the spans, which rise. What is not among `parts` is empty
   * in them.
   */
  rollups(
    level: Level,
    spans: readonly Span[],
    parts: RollupParts,
  ): AsyncIterable<readonly Rollup[]>;
  /** By time. */
  points(span: Span): AsyncIterable<readonly SeriesPoint[]>;
  /** The last point before `ns`. */
  lastBefore(ns: bigint): Promise<SeriesPoint | undefined>;
}

export interface SeriesListQuery {
  readonly prefix: string;
  /** Empty: from the first. */
  readonly after: string;
  readonly limit: number;
  /** Rates are counted in rolled-up buckets of this span. */
  readonly rateSpan: Span;
}

export interface StoredSeries {
  readonly tag: string;
  readonly last: SeriesPoint | undefined;
  /** Points in the span that was asked for. */
  readonly counted: number;
}

/** The store as the roller uses it; one node at a time, see `Ownership`. */
export interface RollupStore {
  /** Whether anything that has ended before `endedNs` is to be rolled up. */
  hasEnded(endedNs: bigint): Promise<boolean>;
  /**
   * Takes up to `limit` buckets that have ended before `endedNs` from what has changed, so that a
   * later change is noted anew. Tells how many.
   */
  takeDirty(endedNs: bigint, limit: number): Promise<number>;
  /** Rolls up at most `limit` buckets of the level that are due and have ended; tells how many. */
  roll(level: Level, endedNs: bigint, limit: number, rollUp: RollUp): Promise<number>;
  /** Buckets of level 1 that wait to be rolled up, ended or not. */
  waiting(): Promise<number>;
  /** Drops rollups, and what is due, of days that lie wholly before `ns`. */
  dropBefore(ns: bigint): Promise<void>;
}

/** A bucket's rollup out of its points, or out of the rollups of the level below; both by time. */
export interface RollUp {
  points(points: Iterable<SeriesPoint>, span: Span): Rollup | undefined;
  rollups(rollups: Iterable<Rollup>, span: Span): Rollup | undefined;
}
