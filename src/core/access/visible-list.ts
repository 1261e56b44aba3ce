/** Lists of which a caller sees a part: pages are as full as those of a list that has nothing else. */

import { cutList } from "../page.ts";

export interface ListRange {
  /** Those whose names come after this one. */
  readonly after?: string;
  readonly limit: number;
}

/** Read at once where a caller sees little of a list. */
const scanned = 1000;

/** Of `read`, which returns items by name, those that `isVisible`; `last` as in `cutList`. */
export async function visibleList<Item>(
  { after, limit }: { readonly after?: string | undefined; readonly limit: number },
  read: (range: ListRange) => Promise<readonly Item[]>,
  nameOf: (item: Item) => string,
  isVisible: (item: Item) => boolean,
): Promise<ReturnType<typeof cutList<Item>>> {
  const found: Item[] = [];
  let from = after;
  for (let count = limit + 1; ; count = scanned) {
    const items = await read(from === undefined ? { limit: count } : { after: from, limit: count });
    found.push(...items.filter(isVisible));
    const last = items.at(-1);
    // The name where a page ends is of an item that is visible: others are not named.
    if (found.length > limit || last === undefined || items.length < count) break;
    from = nameOf(last);
  }
  return cutList(found, limit);
}
