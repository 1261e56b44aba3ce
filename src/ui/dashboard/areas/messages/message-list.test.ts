import { expect, test } from "bun:test";
import type { LifecyclePage } from "./api.ts";
import { pageAt, withPage } from "./message-list.ts";

function page(rows: number, next: string | null): LifecyclePage {
  const one = { app_id: "a", message_id: "m", state: "open", events: [], missing: [] } as const;
  return { lifecycles: Array.from({ length: rows }, () => one), next };
}

test("a page that ends where it did keeps those behind it; otherwise they are loaded again", () => {
  const pages = [page(2, "a"), page(2, "b"), page(1, null)];
  expect(withPage(pages, 1, page(2, "b")).length).toBe(3);
  // One row was resolved, and the end stayed.
  expect(withPage(pages, 0, page(1, "a")).map(({ lifecycles }) => lifecycles.length)).toEqual([
    1, 2, 1,
  ]);
  expect(withPage(pages, 0, page(2, "c")).map(({ next }) => next)).toEqual(["c"]);
  expect(withPage([], 0, page(2, null)).length).toBe(1);
});

test("a row is on its page", () => {
  const pages = [page(2, "a"), page(0, "b"), page(1, null)];
  expect([0, 1, 2, 3, 99].map((row) => pageAt(pages, row))).toEqual([0, 0, 2, 2, 2]);
  expect(pageAt([], 0)).toBe(0);
});
