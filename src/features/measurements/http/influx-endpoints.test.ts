import { expect, test } from "bun:test";
import { parseUnit } from "./influx-endpoints.ts";

test.each([
  ["", 1n],
  ["ns", 1n],
  ["n", 1n],
  ["us", 1_000n],
  ["u", 1_000n],
  ["ms", 1_000_000n],
  ["s", 1_000_000_000n],
  ["m", 60_000_000_000n],
  ["h", 3_600_000_000_000n],
])("precision %j is %p ns", (text, ns) => {
  expect(parseUnit(text)).toBe(ns);
});

test.each(["NS", "sec", "1s", " s", "d"])("precision %j is refused", (text) => {
  expect(() => parseUnit(text)).toThrow(
    `Cannot use precision ${JSON.stringify(text)}: expected ns, us, ms or s`,
  );
});
