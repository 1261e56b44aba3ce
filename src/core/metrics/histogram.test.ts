import { expect, test } from "bun:test";
import { Histogram } from "./histogram.ts";

test("a value is in the first range whose bound it does not exceed", () => {
  const seconds = new Histogram([0.1, 1, 10]);
  for (const value of [0, 0.1, 0.10001, 1, 9, 10, 11, -5]) seconds.observe(value);
  seconds.observe(0.5, 3);
  expect(seconds.cumulative()).toEqual([3, 8, 10]);
  expect(seconds.count).toBe(11);
  expect(seconds.sum).toBeCloseTo(32.70001);
});
