import { expect, test } from "bun:test";
import { loneOf, type Value } from "./draw.ts";

test.each<[values: readonly Value[], lone: readonly number[]]>([
  [[], []],
  [[1], [0]],
  [[null, 1, null], [1]],
  [
    [1, null, 2, 3, null, 4],
    [0, 5],
  ],
  [[undefined, 1, undefined, 2], []],
  [
    [1, undefined, null, undefined, 2],
    [0, 4],
  ],
  [[null, null, undefined], []],
])("lone points of %p", (values, lone) => {
  expect(loneOf(values)).toEqual([...lone]);
});
