/**
 * Series as their readers see them: the points of one tag, the rollups of its buckets, and the ports
 * of the store that keeps both.
 */

import type { GrantedNames } from "../../core/access/grant.ts";

/** One point of a series; a `Measurement` without its tag. */
export interface SeriesPoint {
  /** Nanoseconds since the Unix epoch, an int64. */
  readonly timeNs: bigint;
  /** float64, little-endian, packed; 1 to 64 of them, all finite. */
  readonly values: Uint8Array;
}

/** Widths of the buckets that are rolled up, by level - 1. Each divides the next, and an hour. */
export const levelsNs = [10_000_000_000n, 60_000_000_000n, 600_000_000_000n] as const;
export type Level = 1 | 2 | 3;
export const levels: readonly Level[] = [1, 2, 3];

export function levelNs(level: Level): bigint {
  return levelsNs[level - 1] ?? levelsNs[0];
}

/** The statistics of the points in one bucket. Arrays have an element for each value column. */
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
 * Statistics by value column, with means instead of sums, which could overflow. In a time-weighted
 * mean each point's value counts until the next point, from the bucket's first point to its end.
 */
export interface ColumnStats {
  readonly min: ArrayLike<number>;
  readonly max: ArrayLike<number>;
  /** Times of the first smallest and largest value, in nanoseconds after the bucket's start. */
  readonly minAt: ArrayLike<number>;
  readonly maxAt: ArrayLike<number>;
  readonly mean: ArrayLike<number>;
  readonly twa: ArrayLike<number>;
  /** Number of points that have the column. */
  readonly count: ArrayLike<number>;
  /** Number of nanoseconds for which the column had a value. */
  readonly held: ArrayLike<number>;
}

/**
 * The statistics to read; `plot`: ranges with their times; `band`: ranges and both means. Counts and
 * both ends are always read.
 */
export type RollupParts = "count" | "range" | "mean" | "twa" | "plot" | "band" | "all";

/** From `fromNs` up to, but not including, `toNs`. */
export interface Span {
  readonly fromNs: bigint;
  readonly toNs: bigint;
}

/** Buckets (by start, ascending) whose rollups are outdated. Others without a rollup are empty. */
export type Unrolled = Readonly<Record<Level, readonly bigint[]>>;

/** The store as readers of series use it. Every method may throw `unavailable`. */
export interface SeriesStore {
  /**
   * Points that include the last one at or before each instant, by time; `instants` ascend. Undefined
   * for a tag that the store does not know.
   */
  asOf(tag: string, instants: readonly bigint[]): Promise<readonly SeriesPoint[] | undefined>;
  /** Reads from one snapshot of the store. Undefined for an unknown tag. */
  snapshot<T>(tag: string, use: (snapshot: SeriesSnapshot) => Promise<T>): Promise<T | undefined>;
  /** Points by time, in pages of bounded size; each page is its own snapshot. */
  pages(tag: string, span: Span, signal?: AbortSignal): AsyncIterable<readonly SeriesPoint[]>;
  /** In the order of `sort`, at most `limit` of the tags behind `after`. */
  list(query: SeriesListQuery): Promise<readonly StoredSeries[]>;
  /** In no order; tags that the store does not know are left out. */
  recent(query: RecentQuery): Promise<readonly RecentSeries[]>;
}

export interface SeriesSnapshot {
  /** The span of retention: earlier points may be partly present, later ones do not exist. */
  readonly kept: Span;
  unrolled(span: Span): Promise<Unrolled>;
  /**
   * By time, the buckets that begin in one of the spans, which ascend. Statistics that are not among
   * `parts` are empty.
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

/** By tag; by measurements a second, most first; by the time of the last one, longest silent first. */
export const seriesOrders = ["tag", "rate", "silent"] as const;
export type SeriesOrder = (typeof seriesOrders)[number];

/** A place in a list: behind this rank, and behind the tag among those with the same. */
export interface SeriesPlace {
  readonly rank: bigint;
  readonly tag: string;
}

export interface SeriesListQuery {
  /** What tags begin with. */
  readonly prefix: string;
  /** What is somewhere in tags, as `foldCase` returns it. */
  readonly part: string;
  readonly sort: SeriesOrder;
  readonly after: SeriesPlace;
  readonly limit: number;
  /** Only these tags. */
  readonly names: GrantedNames;
  /** Rates are counted in rolled-up buckets of this span. */
  readonly rateSpan: Span;
}

/** In the order by tag all ranks are 0. */
export interface StoredSeries extends SeriesPlace {
  readonly last: SeriesPoint | undefined;
  /** Number of points in `rateSpan`. */
  readonly counted: number;
}

export interface RecentQuery {
  readonly tags: readonly string[];
  /** Whole buckets of 10 s. */
  readonly span: Span;
  /** How many of the newest times are returned of each. */
  readonly newest: number;
}

export interface RecentSeries {
  readonly tag: string;
  readonly last: SeriesPoint | undefined;
  /** Points by bucket of the span, from 0; those without a point are left out. */
  readonly counts: ReadonlyMap<number, number>;
  /** Times of the newest points, the newest first. */
  readonly times: readonly bigint[];
}

/** The store as the roller uses it, on one node at a time (see `Ownership`). */
export interface RollupStore {
  /** Whether any bucket that ended before `endedNs` must be rolled up. */
  hasEnded(endedNs: bigint): Promise<boolean>;
  /**
   * Takes up to `limit` changed buckets that ended before `endedNs`, so that a later change is
   * recorded again. Returns how many.
   */
  takeDirty(endedNs: bigint, limit: number): Promise<number>;
  /** Rolls up at most `limit` ended buckets of the level that are due; returns how many. */
  roll(level: Level, endedNs: bigint, limit: number, rollUp: RollUp): Promise<number>;
  /** Number of buckets of level 1 that wait to be rolled up, ended or not. */
  waiting(): Promise<number>;
  /** Drops rollups, and pending buckets, of days that end before `ns`. */
  dropBefore(ns: bigint): Promise<void>;
}

/** A bucket's rollup from its points, or from the rollups of the level below; both by time. */
export interface RollUp {
  points(points: Iterable<SeriesPoint>, span: Span): Rollup | undefined;
  rollups(rollups: Iterable<Rollup>, span: Span): Rollup | undefined;
}
