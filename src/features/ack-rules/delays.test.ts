import { expect, test } from "bun:test";
import { seededRandom } from "../../../test/support/random.ts";
import { Delays } from "./delays.ts";

test("percentiles are within 3 % of those of the values themselves", () => {
  const random = seededRandom(5);
  // From microseconds to hours.
  const values = Array.from({ length: 5000 }, () => 10 ** (random.int(9000) / 1000 - 2));
  const delays = new Delays();
  for (const ms of values) delays.add(ms);
  values.sort((a, b) => a - b);
  const exact = (share: number) => values[Math.ceil(share * values.length) - 1] ?? 0;
  const { p50, p90, p99 } = delays.percentiles();
  expect(Math.abs((p50 ?? 0) / exact(0.5) - 1)).toBeLessThan(0.03);
  expect(Math.abs((p90 ?? 0) / exact(0.9) - 1)).toBeLessThan(0.03);
  expect(Math.abs((p99 ?? 0) / exact(0.99) - 1)).toBeLessThan(0.03);
});

test("counting continues from stored counts, and without measurements percentiles are null", () => {
  const first = new Delays();
  expect(first.percentiles()).toEqual({ p50: null, p90: null, p99: null });
  for (let i = 0; i < 9; i++) first.add(4);
  const second = new Delays(JSON.parse(JSON.stringify(first.counts())));
  second.add(1000);
  const { p50, p99 } = second.percentiles();
  expect(p50).toBeCloseTo(4, 0);
  expect(Math.abs((p99 ?? 0) / 1000 - 1)).toBeLessThan(0.03);
});

test("zero and negative delays count as the smallest", () => {
  const delays = new Delays();
  delays.add(0);
  delays.add(-5);
  expect(delays.percentiles().p99).toBe(0.001);
});
