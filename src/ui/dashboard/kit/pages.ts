/** Pages of a list as it was scrolled to, of which those on the screen are read again. */

export interface ListPage<Item> {
  readonly items: readonly Item[];
  /** As `after`, gives the page that follows; null or undefined: none does. */
  readonly next: string | null | undefined;
}

/** The items of all pages, each once, and for each page the number of items up to its end. */
export interface Joined<Item> {
  readonly items: readonly Item[];
  readonly ends: readonly number[];
}

/** In an order that changes, an item may be on two pages: it stays where it is first. */
export function joinPages<Item>(
  pages: readonly ListPage<Item>[],
  keyOf: (item: Item) => string,
): Joined<Item> {
  const items = new Map<string, Item>();
  const ends: number[] = [];
  for (const page of pages) {
    for (const item of page.items) if (!items.has(keyOf(item))) items.set(keyOf(item), item);
    ends.push(items.size);
  }
  return { items: [...items.values()], ends };
}

/** Indexes of the first and the last page that have items of `[first, last)`. */
export function pagesWithin(
  ends: readonly number[],
  [first, last]: readonly [number, number],
): readonly [number, number] {
  const within = (item: number) => {
    const at = ends.findIndex((end) => item < end);
    return at < 0 ? Math.max(0, ends.length - 1) : at;
  };
  return [within(first), within(Math.max(first, last - 1))];
}

/**
 * `fresh` in place of as many pages from `at` on. If the last of them ends elsewhere than before, the
 * pages behind it no longer join, and are loaded again when they are scrolled to.
 */
export function withFresh<Item>(
  pages: readonly ListPage<Item>[],
  at: number,
  fresh: readonly ListPage<Item>[],
): readonly ListPage<Item>[] {
  const last = fresh.at(-1);
  const end = at + fresh.length;
  const joins = last !== undefined && last.next === pages[end - 1]?.next;
  return [...pages.slice(0, at), ...fresh, ...(joins ? pages.slice(end) : [])];
}
