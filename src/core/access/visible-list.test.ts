import { expect, test } from "bun:test";
import { visibleList } from "./visible-list.ts";

const names = Array.from({ length: 5000 }, (_, i) => `n${String(i).padStart(4, "0")}`);

/** All pages of what `isVisible`, and the number of reads. */
async function pages(limit: number, isVisible: (name: string) => boolean) {
  const found: (readonly string[])[] = [];
  let reads = 0;
  let after: string | undefined;
  do {
    const { items, last } = await visibleList<string>(
      { after, limit },
      async (range) => {
        reads++;
        const start = names.findIndex((name) => name > (range.after ?? ""));
        return start < 0 ? [] : names.slice(start, start + range.limit);
      },
      (name) => name,
      isVisible,
    );
    found.push(items);
    after = last;
  } while (after !== undefined);
  return { found, reads };
}

test("of a list that is all visible, each page is one read", async () => {
  const { found, reads } = await pages(1000, () => true);
  expect(found.flat()).toEqual(names);
  expect([found.length, reads]).toEqual([5, 5]);
});

test.each([1, 3, 7, 1000])(
  "pages of %d are full, and name nothing that is hidden",
  async (limit) => {
    const visible = names.filter((name) => /[05]7$/.test(name));
    const { found } = await pages(limit, (name) => visible.includes(name));
    expect(found.flat()).toEqual(visible);
    for (const page of found.slice(0, -1)) expect(page).toHaveLength(limit);
    expect(found.at(-1)?.length).toBeGreaterThan(0);
  },
);

test("of a list of which nothing is visible there is one empty page", async () => {
  expect((await pages(10, () => false)).found).toEqual([[]]);
});
