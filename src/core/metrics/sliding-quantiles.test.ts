import { expect, test } from "bun:test";
import type { Clock } from "../clock.ts";
import { SlidingQuantiles } from "./sliding-quantiles.ts";

function testClock() {
  let nowMs = 0;
  const clock: Clock = {
    nowMs: () => nowMs,
    nowNs: () => BigInt(nowMs) * 1_000_000n,
    after: () => () => {},
  };
  return { clock, pass: (ms: number) => (nowMs += ms) };
}

test("quantiles are at most 9 % too high, and never above the largest", () => {
  const recent = new SlidingQuantiles(testClock().clock);
  expect(recent.quantiles()).toEqual({ count: 0, perSecond: 0, p50: 0, p99: 0, max: 0 });
  for (let value = 1; value <= 1000; value++) recent.add(value);
  const { count, p50, p99, max } = recent.quantiles();
  expect({ count, max }).toEqual({ count: 1000, max: 1000 });
  expect(p50).toBeWithin(500, 546);
  expect(p99).toBeWithin(990, 1001);
  recent.add(2 ** 60, 10_000);
  expect(recent.quantiles().p50).toBeGreaterThan(2 ** 47);
});

test("what is older than two minutes is forgotten", () => {
  const { clock, pass } = testClock();
  const recent = new SlidingQuantiles(clock);
  recent.add(100);
  pass(61_000);
  recent.add(1, 599);
  expect(recent.quantiles()).toMatchObject({ max: 100, perSecond: 10 });
  pass(61_000);
  expect(recent.quantiles().max).toBe(1);
  pass(200_000);
  expect(recent.quantiles().count).toBe(0);
});
