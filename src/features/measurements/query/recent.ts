/** What a few series have done lately: for the rows of a list that are visible. */

import type { Caller } from "../../../core/access/caller.ts";
import { levelNs, type SeriesPoint, type Span } from "../series-port.ts";
import { newest, rolledUpSpan } from "./list.ts";
import type { SeriesSources } from "./query.ts";

/** Buckets of 10 s: ten minutes. */
export const recentBuckets = 60;
/** A rate is over this many of them, as in lists. */
const rateBuckets = 6;
/** Pauses are those between so many of the newest measurements. */
export const pausesOf = 200;

export interface Pauses {
  readonly p50Ns: bigint;
  readonly p99Ns: bigint;
}

export interface RecentActivity {
  readonly tag: string;
  readonly rate: number;
  readonly last: SeriesPoint | undefined;
  /** One for each bucket of the span. */
  readonly counts: readonly number[];
  /** Undefined for fewer than two measurements. */
  readonly pauses: Pauses | undefined;
}

export interface Recent {
  readonly span: Span;
  readonly series: readonly RecentActivity[];
}

/** In the order of `tags`; those that do not exist, or that the caller may not read, are left out. */
export async function recentSeries(
  { store, tail }: SeriesSources,
  tags: readonly string[],
  by: Caller,
  nowNs: bigint,
): Promise<Recent> {
  const span = rolledUpSpan(nowNs, BigInt(recentBuckets) * levelNs(1));
  const readable = [...new Set(tags)].filter((tag) => by.may("read", "series", tag));
  const tails = tail.newest();
  const rows = await store.recent({ tags: readable, span, newest: pausesOf });
  const stored = new Map(rows.map((row) => [row.tag, row]));
  const series = readable.flatMap((tag): RecentActivity[] => {
    const row = stored.get(tag);
    const newer = tails.get(tag);
    if (row === undefined && newer === undefined) return [];
    const counts = Array.from({ length: recentBuckets }, (_, i) => row?.counts.get(i) ?? 0);
    const counted = counts.slice(-rateBuckets).reduce((sum, count) => sum + count, 0);
    const rate = counted / (rateBuckets * (Number(levelNs(1)) / 1e9));
    const last = newest(row?.last, newer);
    return [{ tag, rate, last, counts, pauses: pausesBetween(row?.times ?? []) }];
  });
  return { span, series };
}

/** `times` fall. */
export function pausesBetween(times: readonly bigint[]): Pauses | undefined {
  const pauses = times
    .slice(1)
    .map((time, i) => (times[i] ?? time) - time)
    .toSorted((a, b) => (a < b ? -1 : 1));
  const at = (share: number) => pauses[Math.ceil(share * pauses.length) - 1];
  const [p50Ns, p99Ns] = [at(0.5), at(0.99)];
  return p50Ns === undefined || p99Ns === undefined ? undefined : { p50Ns, p99Ns };
}
