import { expect, test } from "bun:test";
import { joinPages, type ListPage, pagesWithin, withFresh } from "./pages.ts";

const page = (next: string | null, ...items: string[]): ListPage<string> => ({ items, next });
const three = [page("b", "a", "b"), page("d", "c", "d"), page(null, "e")];

test("an item that moved to another page while pages were read is shown once", () => {
  const { items, ends } = joinPages([page("b", "a", "b"), page(null, "b", "c")], (item) => item);
  expect(items).toEqual(["a", "b", "c"]);
  expect(ends).toEqual([2, 3]);
});

test("the pages on the screen are those that have its rows", () => {
  expect(pagesWithin([2, 4, 5], [0, 2])).toEqual([0, 0]);
  expect(pagesWithin([2, 4, 5], [1, 3])).toEqual([0, 1]);
  expect(pagesWithin([2, 4, 5], [4, 5])).toEqual([2, 2]);
  // Rows that went while the screen showed them, and a list without rows.
  expect(pagesWithin([2, 4, 5], [7, 9])).toEqual([2, 2]);
  expect(pagesWithin([0], [0, 0])).toEqual([0, 0]);
  expect(pagesWithin([2, 4, 5], [0, Number.POSITIVE_INFINITY])).toEqual([0, 2]);
});

test("a page that ends where it did keeps what is behind it", () => {
  const fresh = page("d", "c2", "d");
  expect(withFresh(three, 1, [fresh])).toEqual([three[0] ?? fresh, fresh, three[2] ?? fresh]);
});

test("a page that ends elsewhere drops what is behind it, so that nothing between them is missed", () => {
  const fresh = page("cc", "c", "cc");
  expect(withFresh(three, 1, [fresh])).toEqual([three[0] ?? fresh, fresh]);
});

test("a page that has become the last one ends the list", () => {
  const fresh = page(null, "a");
  expect(withFresh(three, 0, [fresh])).toEqual([fresh]);
});
