import { expect, test } from "bun:test";
import { BoundedMap } from "./bounded-map.ts";

test("past its bound the entry that was set longest ago goes", () => {
  const map = new BoundedMap<string | undefined, number>(2);
  map.set(undefined, 1).set("b", 2).set(undefined, 3).set("c", 4);
  expect([...map]).toEqual([
    [undefined, 3],
    ["c", 4],
  ]);
  map.set("d", 5);
  expect([...map.keys()]).toEqual(["c", "d"]);
  expect(map.get("c")).toBe(4);
});
