import { expect, test } from "bun:test";
import { LagsBefore } from "./lags-before.ts";

test("a lag is compared with what it was ten seconds ago, however often it is looked at", () => {
  let nowMs = 0;
  const lags = new LagsBefore({ nowMs: () => nowMs });
  const lookAt = (ms: number, lagMs: number) => {
    nowMs = ms;
    const [found] = lags.of([{ name: "orders", topic: "t", lagMs, position: undefined }]);
    return found?.lagBeforeMs;
  };
  expect(lookAt(0, 100)).toBe(100);
  expect(lookAt(1000, 200)).toBe(100);
  expect(lookAt(9000, 900)).toBe(100);
  expect(lookAt(10_000, 1000)).toBe(100);
  expect(lookAt(11_000, 1100)).toBe(100);
  expect(lookAt(20_000, 2000)).toBe(1000);
  lags.of([]);
  expect(lookAt(21_000, 5)).toBe(5);
});
