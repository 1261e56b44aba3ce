import { expect, test } from "bun:test";
import { quantile } from "./quantile.ts";

test("a quantile is the nearest of the values", () => {
  const sorted = Array.from({ length: 100 }, (_, i) => i + 1);
  expect([0.5, 0.9, 0.99, 1].map((share) => quantile(sorted, share))).toEqual([50, 90, 99, 100]);
  expect(quantile([7], 0.01)).toBe(7);
  expect(quantile([], 0.5)).toBe(0);
});
