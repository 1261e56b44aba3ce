import { expect, test } from "bun:test";
import { slopeOf } from "./slope.ts";

test("the slope of a line is its growth a minute, and noise around it cancels out", () => {
  const line = Array.from({ length: 10 }, (_, i) => ({ minutes: i / 6, bytes: 100 + 3 * i }));
  expect(slopeOf(line)).toBeCloseTo(18);
  const noisy = line.map(({ minutes, bytes }, i) => ({
    minutes,
    bytes: bytes + (i % 4 === 0 || i % 4 === 3 ? 5 : -5),
  }));
  expect(slopeOf(noisy.slice(0, 8))).toBeCloseTo(18, 0);
});

test("two samples, or samples of one moment, have no trend", () => {
  expect(
    slopeOf([
      { minutes: 0, bytes: 1 },
      { minutes: 1, bytes: 2 },
    ]),
  ).toBeUndefined();
  expect(slopeOf(Array.from({ length: 4 }, () => ({ minutes: 1, bytes: 2 })))).toBeUndefined();
});
