import { expect, test } from "bun:test";
import { Latencies } from "./latencies.ts";

test("quantiles are within a per cent, the maximum and the steps are exact", () => {
  const latencies = new Latencies([1, 10]);
  for (let us = 1; us <= 20_000; us++) latencies.record(us);
  const { count, p50, p99, max, steps } = latencies.summary();
  expect(count).toBe(20_000);
  expect(Math.abs(p50 - 10)).toBeLessThan(0.1);
  expect(Math.abs(p99 - 19.8)).toBeLessThan(0.2);
  expect(max).toBe(20);
  expect(steps).toEqual([
    { le: 1, count: 1_000 },
    { le: 10, count: 9_000 },
    { le: 20, count: 10_000 },
  ]);
});

test("nothing recorded is zeros; negative and endless latencies are bounded", () => {
  const latencies = new Latencies([1]);
  expect(latencies.summary()).toMatchObject({ count: 0, p50: 0, p99: 0, max: 0 });
  latencies.record(-5);
  latencies.record(1e12);
  expect(latencies.summary()).toMatchObject({
    count: 2,
    max: 600_000,
    steps: [
      { le: 1, count: 1 },
      { le: 600_000, count: 1 },
    ],
  });
});
