import { expect, test } from "bun:test";
import { RateMeter } from "./rate.ts";

const start = 1_000_000_000_000;

/** `count` events at each of the seconds after the start. */
function meterOf(count: number, seconds: readonly number[]): RateMeter {
  const rate = new RateMeter();
  for (const second of seconds) rate.add(count, start + second * 1000);
  return rate;
}

test("a fast stream is measured over five seconds, and is still at once when it stops", () => {
  const rate = meterOf(
    100,
    Array.from({ length: 61 }, (_, second) => second),
  );
  expect(rate.perSecond(start + 61_000)).toBe(100);
  expect(rate.perSecond(start + 66_500)).toBe(0);
});

test("a slow stream is measured over the minute, and not between two of its events", () => {
  const rate = meterOf(1, [0, 40, 80, 120]);
  expect(rate.perSecond(start + 121_000)).toBe(2 / 60);
  expect(rate.perSecond(start + 145_000)).toBe(1 / 60);
  expect(rate.perSecond(start + 300_000)).toBe(0);
});
