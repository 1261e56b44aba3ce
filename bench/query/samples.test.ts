import { expect, test } from "bun:test";
import { createRandom } from "../../src/cli/simulate/random.ts";
import { randomRange, rangeNsMin } from "./samples.ts";

const hourNs = 3_600_000_000_000n;
const nowNs = 1_795_263_600_123_456_789n;

test("ranges lie in what is stored, from ten minutes up to nearly all of it", () => {
  const random = createRandom(1);
  const oldestNs = nowNs - 24n * hourNs;
  const ranges = Array.from({ length: 1000 }, () => randomRange(random, oldestNs, nowNs));
  const lengths = ranges.map(({ startNs, endNs }) => Number(endNs - startNs) / Number(hourNs));
  for (const { startNs, endNs } of ranges) {
    expect(endNs - startNs).toBeGreaterThanOrEqual(rangeNsMin);
    expect(endNs).toBeLessThanOrEqual(nowNs);
    // Nanoseconds of half a day have more digits than a number keeps exactly.
    expect(startNs).toBeGreaterThanOrEqual(oldestNs - 1000n);
  }
  expect(Math.min(...lengths)).toBeLessThan(0.5);
  expect(Math.max(...lengths)).toBeGreaterThan(23);
});

test("of a store that is younger than ten minutes all is requested, and what was before", () => {
  const range = randomRange(createRandom(2), nowNs - 5n, nowNs);
  expect(range).toEqual({ startNs: nowNs - rangeNsMin, endNs: nowNs });
});
