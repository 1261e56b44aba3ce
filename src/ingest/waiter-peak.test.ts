import { expect, test } from "bun:test";
import { WaiterPeak } from "./waiter-peak.ts";

test("the most that waited lately is remembered, and forgotten", () => {
  const peak = new WaiterPeak();
  expect(peak.size(3, 1000)).toBe(3);
  expect(peak.size(9, 1005)).toBe(9);
  expect(peak.size(1, 1010)).toBe(9);
  expect(peak.size(2, 1025)).toBe(9);
  expect(peak.size(2, 1046)).toBe(2);
});

test("after a pause the peak is forgotten", () => {
  const peak = new WaiterPeak();
  peak.size(50, 1000);
  expect(peak.size(1, 1041)).toBe(1);
});

test("a clock that is set back forgets the peak", () => {
  const peak = new WaiterPeak();
  peak.size(50, 9000);
  expect(peak.size(1, 1000)).toBe(1);
});
