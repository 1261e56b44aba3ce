import { expect, test } from "bun:test";
import { WaiterPeak } from "./waiter-peak.ts";

test("the most that waited lately is remembered, and forgotten", () => {
  const crowd = new WaiterPeak();
  expect(crowd.size(3, 1000)).toBe(3);
  expect(crowd.size(9, 1005)).toBe(9);
  expect(crowd.size(1, 1010)).toBe(9);
  expect(crowd.size(2, 1025)).toBe(9);
  expect(crowd.size(2, 1046)).toBe(2);
});

test("after a pause nobody is left of it", () => {
  const crowd = new WaiterPeak();
  crowd.size(50, 1000);
  expect(crowd.size(1, 1041)).toBe(1);
});

test("a clock that is set back keeps nothing", () => {
  const crowd = new WaiterPeak();
  crowd.size(50, 9000);
  expect(crowd.size(1, 1000)).toBe(1);
});
