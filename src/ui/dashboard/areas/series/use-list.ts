/** The list of series as it is scrolled: pages one after another, and the activity of visible rows. */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { messageOf } from "../../../http.ts";
import type { ListPage } from "../../kit/pages.ts";
import { type PolledPages, usePolledPages } from "../../kit/polled-pages.ts";
import { type ListedSeries, listSeries, type Order, readRecent, type Recent } from "./list.ts";

export interface Search {
  readonly q: string;
  readonly prefix: string;
  readonly sort: Order;
}

export type SeriesList = PolledPages<ListedSeries>;

/** The first page is small, so that its rows are there at once. */
const pageRows = { first: 100, next: 1000 };
const listMs = 5000;

export function useList({ q, prefix, sort }: Search): SeriesList {
  const read = useCallback(
    async (after?: string): Promise<ListPage<ListedSeries>> => {
      const limit = after === undefined ? pageRows.first : pageRows.next;
      const place = after === undefined ? {} : { after };
      const { series: items, next } = await listSeries({ q, prefix, sort, limit, ...place });
      return { items, next };
    },
    [q, prefix, sort],
  );
  return usePolledPages(read, listMs, tagOf);
}

const tagOf = ({ tag }: ListedSeries) => tag;

export interface Seen extends Recent {
  /** When the answer came, in milliseconds of `performance.now()`, and the gateway's clock then. */
  readonly seenMs: number;
  readonly nowNs: bigint;
}

export interface Activity {
  readonly of: ReadonlyMap<string, Seen>;
  /** Why the newest request failed; what is shown is older. */
  readonly failure: string | undefined;
}

const freshMs = 8000;
const everyMs = 2000;
const settleMs = 120;
const tagsMax = 100;
/** Rows of which the activity is kept, besides those that are visible. */
const keptMax = 1000;
const nothing: ReadonlyMap<string, Seen> = new Map();

/** Of the visible rows alone, and while the page is visible. */
export function useActivity(tags: readonly string[]): Activity {
  const [activity, setActivity] = useState<Activity>({ of: nothing, failure: undefined });
  const known = useRef(nothing);
  const key = JSON.stringify(tags.slice(0, tagsMax));
  useEffect(() => {
    const visible = JSON.parse(key) as string[];
    const turn = new AbortController();
    let isBusy = false;
    const ask = async () => {
      if (document.hidden || isBusy) return;
      const oldMs = performance.now() - freshMs;
      const old = visible.filter((tag) => (known.current.get(tag)?.seenMs ?? -Infinity) < oldMs);
      if (old.length === 0) return;
      isBusy = true;
      try {
        const { series, nowNs } = await readRecent(old, turn.signal);
        const seenMs = performance.now();
        const next = new Map(known.current);
        for (const each of series) {
          next.delete(each.tag);
          next.set(each.tag, { ...each, seenMs, nowNs });
        }
        for (const tag of next.keys()) {
          if (next.size <= keptMax) break;
          next.delete(tag);
        }
        known.current = next;
        if (!turn.signal.aborted) setActivity({ of: next, failure: undefined });
      } catch (error) {
        if (turn.signal.aborted) return;
        setActivity((old) => ({ ...old, failure: messageOf(error) }));
      } finally {
        isBusy = false;
      }
    };
    const first = setTimeout(() => void ask(), settleMs);
    const timer = setInterval(() => void ask(), everyMs);
    return () => {
      turn.abort();
      clearTimeout(first);
      clearInterval(timer);
    };
  }, [key]);
  return activity;
}
