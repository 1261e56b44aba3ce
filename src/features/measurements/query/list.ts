/** The list of series: tags, with their rate and newest point. */

import type { Caller } from "../../../core/access/caller.ts";
import { cutList } from "../../../core/page.ts";
import { nsPerMs } from "../measurement.ts";
import {
  levelNs,
  type SeriesOrder,
  type SeriesPlace,
  type SeriesPoint,
  type Span,
} from "../series-port.ts";
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
  readonly next: SeriesPlace | undefined;
}

export interface ListQuery {
  readonly prefix: string;
  /** What is somewhere in the tags, in either case of ASCII's letters; empty: anything. */
  readonly part: string;
  readonly sort: SeriesOrder;
  /** Undefined: from the first. */
  readonly after: SeriesPlace | undefined;
  readonly limit: number;
  /** Only what it may read is listed. */
  readonly by: Caller;
}

const rateNs = levelNs(2);
/** A bucket of 10 s is rolled up within about 5 s of its end. */
const rolledAfterNs = 6_000n * nsPerMs;
const beforeAll: SeriesPlace = { rank: -(2n ** 63n), tag: "" };

/** The newest `ns` of which every bucket of 10 s is rolled up. */
export function rolledUpSpan(nowNs: bigint, ns: bigint): Span {
  const toNs = floorTo(nowNs - rolledAfterNs, levelNs(1));
  return { fromNs: toNs - ns, toNs };
}

/**
 * By tag, in the order of its bytes, including tags that only the tail has. In the other orders a tag
 * is listed once it has a row, and its place may be as old as its last rollup.
 */
export async function listSeries(
  { store, tail }: SeriesSources,
  query: ListQuery,
  nowNs: bigint,
): Promise<SeriesPage> {
  const { prefix, sort, after = beforeAll, limit, by } = query;
  const part = foldCase(query.part);
  const isListed = (tag: string) =>
    tag.startsWith(prefix) &&
    foldCase(tag).includes(part) &&
    compareTags(tag, after.tag) > 0 &&
    by.may("read", "series", tag);
  const tails = tail.newest();
  const stored = await store.list({
    ...{ prefix, part, sort, after, limit: limit + 1 },
    names: by.names("read", "series"),
    rateSpan: rolledUpSpan(nowNs, rateNs),
  });
  const found = stored.map(({ tag, rank, last, counted }) => ({
    ...{ tag, rank, last: newest(last, tails.get(tag)) },
    rate: counted / (Number(rateNs) / 1e9),
  }));
  if (sort === "tag") {
    const beyond = stored.length > limit ? stored.at(-1)?.tag : undefined;
    const known = new Set(stored.map(({ tag }) => tag));
    for (const [tag, last] of tails) {
      if (known.has(tag) || !isListed(tag)) continue;
      if (beyond !== undefined && compareTags(tag, beyond) > 0) continue;
      found.push({ tag, rank: 0n, last, rate: 0 });
    }
    found.sort((a, b) => compareTags(a.tag, b.tag));
  }
  const { items: series, last: next } = cutList(found, limit);
  return { series, next };
}

export function newest(
  a: SeriesPoint | undefined,
  b: SeriesPoint | undefined,
): SeriesPoint | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return b.timeNs >= a.timeNs ? b : a;
}

/** In lower case, of ASCII alone: what PostgreSQL does in the order of bytes. */
export function foldCase(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
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
