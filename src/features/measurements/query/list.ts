/** The list of series: tags, with their rate and newest point. */

import type { Caller } from "../../../core/access/caller.ts";
import { cutList } from "../../../core/page.ts";
import { nsPerMs } from "../measurement.ts";
import { levelNs, type SeriesPoint } from "../series-port.ts";
import { floorTo } from "./cells.ts";
import type { SeriesSources } from "./query.ts";

export interface ListedSeries {
  readonly tag: string;
  /** Measurements per second, over the last whole minute that is rolled up. */
  readonly rate: number;
  /** The newest by time; undefined when retention has dropped all. */
  readonly last: SeriesPoint | undefined;
}

export interface SeriesPage {
  readonly series: readonly ListedSeries[];
  /** The `after` of the next page; undefined at the end. */
  readonly next: string | undefined;
}

export interface ListQuery {
  readonly prefix: string;
  readonly after: string;
  readonly limit: number;
  /** Only what it may read is listed. */
  readonly by: Caller;
}

const rateNs = levelNs(2);
/** A bucket of 10 s is rolled up within about 5 s of its end. */
const rolledAfterNs = 6_000n * nsPerMs;

/** By tag, in the order of its bytes, including tags that only the tail has. */
export async function listSeries(
  { store, tail }: SeriesSources,
  query: ListQuery,
  nowNs: bigint,
): Promise<SeriesPage> {
  const { prefix, after, limit, by } = query;
  const isListed = (tag: string) =>
    tag.startsWith(prefix) && compareTags(tag, after) > 0 && by.may("read", "series", tag);
  const newer = [...tail.newest()].filter(([tag]) => isListed(tag));
  const toNs = floorTo(nowNs - rolledAfterNs, levelNs(1));
  const stored = await store.list({
    ...{ prefix, after, limit: limit + 1 },
    names: by.names("read", "series"),
    rateSpan: { fromNs: toNs - rateNs, toNs },
  });
  const found = new Map<string, ListedSeries>();
  for (const { tag, last, counted } of stored) {
    found.set(tag, { tag, last, rate: counted / (Number(rateNs) / 1e9) });
  }
  const beyond = stored.length > limit ? stored.at(-1)?.tag : undefined;
  for (const [tag, last] of newer) {
    if (beyond !== undefined && compareTags(tag, beyond) > 0) continue;
    const known = found.get(tag);
    found.set(tag, { tag, rate: known?.rate ?? 0, last: newest(known?.last, last) });
  }
  const all = [...found.values()].toSorted((a, b) => compareTags(a.tag, b.tag));
  const { items: series, last: lastListed } = cutList(all, limit);
  return { series, next: lastListed?.tag };
}

function newest(a: SeriesPoint | undefined, b: SeriesPoint | undefined): SeriesPoint | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return b.timeNs >= a.timeNs ? b : a;
}

/** In the order of UTF-8, like PostgreSQL. Strings compare by UTF-16, which has another order. */
export function compareTags(a: string, b: string): number {
  const [left, right] = [a[Symbol.iterator](), b[Symbol.iterator]()];
  for (;;) {
    const x = left.next().value?.codePointAt(0) ?? -1;
    const y = right.next().value?.codePointAt(0) ?? -1;
    if (x !== y || x < 0) return x - y;
  }
}
