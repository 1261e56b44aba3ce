/**
 * A list in pages, as far as it was scrolled to. The pages on the screen are read again and again, wherever
 * they are in the list: what has gone, has changed or has come is never shown as it was. The others are
 * read again when they are scrolled to.
 */

import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { messageOf } from "../../http.ts";
import { joinPages, type ListPage, pagesWithin, withFresh } from "./pages.ts";
import { usePolled } from "./polled.ts";

export interface PolledPages<Item> {
  /** Undefined until the first answer. */
  readonly items: readonly Item[] | undefined;
  readonly hasMore: boolean;
  readonly more: () => void;
  readonly refresh: () => void;
  /** Call it with the items that are on the screen, `[first, last)`; without it all of them are. */
  readonly onRange: (first: number, last: number) => void;
  readonly failure: string | undefined;
}

type ReadPage<Item> = (after?: string) => Promise<ListPage<Item>>;

interface Held<Item> {
  /** Whose pages they are. */
  readonly read: ReadPage<Item>;
  readonly pages: readonly ListPage<Item>[];
}

/** A page that was read before is read again once it is scrolled to, if it is as old as this. */
const oldMsMax = 10_000;
const retryMs = 5000;

/**
 * `read` must keep its identity between renders; a new one is another list. Without `everyMs` it is read again
 * by `refresh` alone, and where it is scrolled to.
 */
export function usePolledPages<Item>(
  read: ReadPage<Item>,
  everyMs: number | undefined,
  keyOf: (item: Item) => string,
): PolledPages<Item> {
  const held = useRef<Held<Item>>({ read, pages: [] });
  const newest = useRef(read);
  newest.current = read;
  const loading = useRef<ReadPage<Item>>(undefined);
  const range = useRef<readonly [number, number]>([0, Number.POSITIVE_INFINITY]);
  const ends = useRef<readonly number[]>([]);
  const readMs = useRef(new WeakMap<ListPage<Item>, number>());
  const [moreFailure, setMoreFailure] = useState<Fault<Item>>();
  const [, redraw] = useState(0);

  const take = useCallback(
    async (after: string | undefined) => {
      const page = await read(after);
      readMs.current.set(page, performance.now());
      return page;
    },
    [read],
  );
  const send = useCallback(async () => {
    const known = held.current.read === read ? held.current.pages : [];
    const [at, last] = known.length === 0 ? [0, 0] : pagesWithin(ends.current, range.current);
    const fresh: ListPage<Item>[] = [];
    let after = at === 0 ? undefined : (known[at - 1]?.next ?? undefined);
    do {
      const page = await take(after);
      fresh.push(page);
      after = page.next ?? undefined;
    } while (at + fresh.length <= last && after !== undefined);
    if (newest.current === read) {
      // A page may have been added meanwhile.
      const pages = held.current.read === read ? held.current.pages : [];
      held.current = { read, pages: withFresh(pages, at, fresh) };
    }
    return held.current;
  }, [read, take]);
  const { failure, refresh } = usePolled(send, everyMs);

  const { pages } = held.current;
  const joined = useMemo(() => joinPages(pages, keyOf), [pages, keyOf]);
  ends.current = joined.ends;
  const isOfNow = held.current.read === read && pages.length > 0;
  const following = isOfNow ? (pages.at(-1)?.next ?? undefined) : undefined;
  const more = () => {
    if (loading.current === read || following === undefined) return;
    loading.current = read;
    const end = (then: () => void) => {
      if (loading.current === read) loading.current = undefined;
      // What comes late belongs to a list that is no longer shown.
      if (newest.current === read) then();
    };
    take(following).then(
      (page) =>
        end(() => {
          const { pages: before } = held.current;
          if (before.at(-1)?.next === following) held.current = { read, pages: [...before, page] };
          setMoreFailure(undefined);
          redraw((count) => count + 1);
        }),
      (error: unknown) => end(() => setMoreFailure({ read, message: messageOf(error) })),
    );
  };
  const again = useRef(more);
  again.current = more;
  useEffect(() => {
    if (moreFailure === undefined) return undefined;
    // Nobody scrolls there a second time to ask for it.
    const timer = setTimeout(() => again.current(), retryMs);
    return () => clearTimeout(timer);
  }, [moreFailure]);
  const onRange = (first: number, last: number) => {
    range.current = [first, last];
    const [from, to] = pagesWithin(ends.current, range.current);
    const oldMs = performance.now() - (everyMs ?? oldMsMax);
    const isOld = (page: ListPage<Item>) => (readMs.current.get(page) ?? 0) < oldMs;
    if (!isOfNow || !pages.slice(from, to + 1).some(isOld)) return;
    // Once for each page, however fast it is scrolled.
    for (const page of pages.slice(from, to + 1)) readMs.current.set(page, performance.now());
    refresh();
  };
  const ofMore = moreFailure?.read === read ? moreFailure.message : undefined;
  // Until it answers, the list that was shown before stays; it is not the answer to this one.
  const isShown = isOfNow || (pages.length > 0 && failure === undefined);
  return {
    items: isShown ? joined.items : undefined,
    hasMore: following !== undefined,
    more,
    refresh,
    onRange,
    failure: failure ?? ofMore,
  };
}

interface Fault<Item> {
  readonly read: ReadPage<Item>;
  readonly message: string;
}
