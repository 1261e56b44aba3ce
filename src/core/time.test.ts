import { expect, test } from "bun:test";
import { systemClock } from "./clock.ts";
import { renderTime } from "./time.ts";

test.each([
  [0n, "1970-01-01T00:00:00.000Z"],
  [1_732_000_000_123_000_000n, "2024-11-19T07:06:40.123Z"],
  [1_732_000_000_123_456_000n, "2024-11-19T07:06:40.123456Z"],
  [1_732_000_000_123_456_789n, "2024-11-19T07:06:40.123456789Z"],
  [-1n, "1969-12-31T23:59:59.999999999Z"],
  [2n ** 63n - 1n, "2262-04-11T23:47:16.854775807Z"],
  [-(2n ** 63n), "1677-09-21T00:12:43.145224192Z"],
])("%d ns is %s", (ns, text) => {
  expect(renderTime(ns)).toBe(text);
});

test("the clock's two readings agree", () => {
  for (let i = 0; i < 1000; i++) {
    const apartMs = Number(systemClock.nowNs() / 1_000_000n) - systemClock.nowMs();
    expect(Math.abs(apartMs)).toBeLessThanOrEqual(50);
  }
});
