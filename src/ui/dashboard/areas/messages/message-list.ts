/**
 * Pages of a search, loaded as they are scrolled to. While the reader is at the beginning they are
 * requested again, so that states are true and new messages appear; rows further down stay where they
 * are.
 */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { messageOf } from "../../../http.ts";
import { type Lifecycle, type LifecyclePage, type Parameters, searchMessages } from "./api.ts";

export interface MessageList {
  readonly rows: readonly Lifecycle[];
  /** Whether all of them are in `rows`. */
  readonly isComplete: boolean;
  readonly isLoading: boolean;
  readonly failure: string | undefined;
  readonly loadMore: () => void;
  /** Called with the rows that are on the screen. */
  readonly onRange: (first: number, last: number) => void;
}

interface Loaded {
  readonly pages: readonly LifecyclePage[];
}

const pageRows = 200;
const refreshMs = 2000;
/** With fewer rows the search goes on without the reader. */
const rowsMin = 50;
/** Rows kept in the page. */
const rowsMax = 100_000;

/** `parameters` must keep its identity while nothing changes. */
export function useMessageList(parameters: Parameters): MessageList {
  const [{ pages }, setLoaded] = useState<Loaded>({ pages: [] });
  const [isLoading, setIsLoading] = useState(true);
  const [failure, setFailure] = useState<string>();
  /** Answers of an earlier search are dropped. */
  const search = useRef(0);
  const busy = useRef(false);
  const firstVisible = useRef(0);
  const shown = useRef<readonly LifecyclePage[]>([]);
  shown.current = pages;

  /** Replaces the page at `index`, or adds it. */
  const load = useCallback(
    async (index: number) => {
      if (busy.current) return;
      busy.current = true;
      const turn = search.current;
      const after = shown.current[index - 1]?.next ?? undefined;
      try {
        const page = await searchMessages({ ...parameters, after, limit: pageRows });
        if (turn !== search.current) return;
        setLoaded((old) => ({ pages: withPage(old.pages, index, page) }));
        setFailure(undefined);
      } catch (error) {
        if (turn === search.current) setFailure(messageOf(error));
      } finally {
        if (turn === search.current) {
          busy.current = false;
          setIsLoading(false);
        }
      }
    },
    [parameters],
  );

  useEffect(() => {
    search.current++;
    busy.current = false;
    setIsLoading(true);
    setLoaded({ pages: [] });
    void load(0);
    const timer = setInterval(() => {
      if (document.hidden) return;
      const index = pageAt(shown.current, firstVisible.current);
      void load(index);
    }, refreshMs);
    return () => {
      search.current++;
      clearInterval(timer);
    };
  }, [load]);

  const rows =
    pages.length === 1 ? (pages[0]?.lifecycles ?? []) : pages.flatMap((page) => page.lifecycles);
  const next = pages.at(-1)?.next ?? null;
  const isFull = rows.length >= rowsMax;
  const isThin = rows.length < rowsMin || pages.at(-1)?.lifecycles.length === 0;
  useEffect(() => {
    // A page may be empty although more follow; without rows nobody can scroll to them.
    if (next !== null && isThin && !isFull) void load(pages.length);
  }, [pages, next, isThin, isFull, load]);
  return {
    rows,
    isComplete: pages.length > 0 && next === null,
    isLoading,
    failure,
    loadMore: () => {
      if (next !== null && !isFull) void load(pages.length);
    },
    onRange: (first) => {
      firstVisible.current = first;
    },
  };
}

/** A page that ends elsewhere than before: those behind it are loaded again when they are needed. */
export function withPage(
  pages: readonly LifecyclePage[],
  index: number,
  page: LifecyclePage,
): readonly LifecyclePage[] {
  const old = pages[index];
  const behind = old?.next === page.next ? pages.slice(index + 1) : [];
  return [...pages.slice(0, index), page, ...behind];
}

/** The page that has the row. */
export function pageAt(pages: readonly LifecyclePage[], row: number): number {
  let end = 0;
  for (const [index, { lifecycles }] of pages.entries()) {
    end += lifecycles.length;
    if (row < end) return index;
  }
  return Math.max(0, pages.length - 1);
}
