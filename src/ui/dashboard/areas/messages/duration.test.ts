import { expect, test } from "bun:test";
import { nsFromMs, renderSpan } from "./duration.ts";

test.each([
  [0n, "0 ns"],
  [999n, "999 ns"],
  [1500n, "1.5 µs"],
  [1_000_000n, "1 ms"],
  [420_900_000n, "420 ms"],
  [1_250_000_000n, "1.2 s"],
  [59_999_999_999n, "59 s"],
  [60_000_000_000n, "1 min"],
  [124_000_000_000n, "2 min 04 s"],
  [7_440_000_000_000n, "2 h 04 min"],
  [86_400_000_000_000n, "1 d"],
  [180_000_000_000_000n, "2 d 02 h"],
  [-1_250_000_000n, "−1.2 s"],
])("%d ns is %s", (ns, text) => {
  expect(renderSpan(ns)).toBe(text);
});

test("milliseconds keep their microseconds", () => {
  expect(nsFromMs(1200.345)).toBe(1_200_345_000n);
  expect(nsFromMs(-0.5)).toBe(-500_000n);
});
