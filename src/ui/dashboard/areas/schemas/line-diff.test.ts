import { expect, test } from "bun:test";
import { foldUnchanged, pairLines } from "./line-diff.ts";

const lines = (...all: string[]) => all.join("\n");

test("lines stand beside each other, changed ones in pairs", () => {
  const pairs = pairLines(lines("a", "b", "c", "d"), lines("a", "B", "c", "d", "e\n"));
  expect(pairs?.map(({ left, right, isChanged }) => [left?.text, right?.text, isChanged])).toEqual([
    ["a", "a", false],
    ["b", "B", true],
    ["c", "c", false],
    ["d", "d", false],
    [undefined, "e", true],
  ]);
  expect(pairs?.map(({ left, right }) => [left?.line, right?.line])).toEqual([
    [0, 0],
    [1, 1],
    [2, 2],
    [3, 3],
    [undefined, 4],
  ]);
});

test("line ends of Windows are no difference", () => {
  expect(pairLines("a\r\nb\r\n", "a\nb")?.some(({ isChanged }) => isChanged)).toBe(false);
});

test("unchanged lines are folded, except around changes", () => {
  const numbers = Array.from({ length: 30 }, (_, at) => String(at));
  const pairs = pairLines(lines(...numbers), lines(...numbers.with(10, "x"))) ?? [];
  expect(foldUnchanged(pairs)).toEqual([
    { from: 0, to: 7, isFolded: true },
    { from: 7, to: 14, isFolded: false },
    { from: 14, to: 30, isFolded: true },
  ]);
  expect(foldUnchanged([])).toEqual([]);
});
