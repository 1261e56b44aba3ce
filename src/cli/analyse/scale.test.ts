import { expect, test } from "bun:test";
import { linearScale, logScale, roundStep, roundTicks } from "./scale.ts";

test("ticks are round values inside of the domain", () => {
  expect(roundTicks(0, 2.3, 5)).toEqual([0, 0.5, 1, 1.5, 2]);
  expect(roundTicks(0.97, 1.29, 6)).toEqual([1, 1.1, 1.2]);
  expect(roundTicks(0, 0.3, 3)).toEqual([0, 0.1, 0.2, 0.3]);
  expect(roundTicks(1174, 1224, 5)).toEqual([1180, 1190, 1200, 1210, 1220]);
  expect(roundTicks(5, 5, 4)).toEqual([5]);
  expect(roundTicks(0, 2, 5)).toEqual([0, 0.5, 1, 1.5, 2]);
  expect(roundTicks(0, 2, 5, 1)).toEqual([0, 1, 2]);
  expect([0, 0.3, 1, 1.1, 4, 70].map(roundStep)).toEqual([1, 0.5, 1, 2, 5, 100]);
});

test("a linear scale meets both ends, a larger value is higher on paper", () => {
  const y = linearScale([10, 20], [400, 100], 5);
  expect([10, 15, 20].map(y.at)).toEqual([400, 250, 100]);
  expect(linearScale([3, 3], [0, 100], 5).at(3)).toBe(0);
});

test("a logarithmic scale has its decades", () => {
  const y = logScale([0.4, 800], [400, 0]);
  expect(y.ticks).toEqual([0.1, 1, 10, 100, 1000]);
  expect([0.4, 1, 10, 1000].map((value) => Math.round(y.at(value)))).toEqual([340, 300, 200, 0]);
  expect(y.ticks.map((value) => Math.round(y.at(value)))).toEqual([400, 300, 200, 100, 0]);
  expect(y.at(0)).toBe(400);
});
