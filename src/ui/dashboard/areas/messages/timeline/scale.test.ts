import { describe, expect, test } from "bun:test";
import { scaleOf } from "./scale.ts";

const s = 1_000_000_000n;
const h = 3600n * s;

/** Places rounded to a tenth of a percent. */
function places(times: readonly bigint[], fold = true): number[] {
  const scale = scaleOf(times, fold);
  return times.map((ns) => Math.round(scale.at(ns) * 10) / 10);
}

describe("the scale of a timeline", () => {
  test("distances are to scale, in any order, to the nanosecond", () => {
    const base = 1_795_000_000_000_000_000n;
    expect(places([base, base + 1n, base + 4n])).toEqual([2, 26, 98]);
    expect(places([base + 4n, base, base + 1n])).toEqual([98, 2, 26]);
    const scale = scaleOf([0n, 10n * s], true);
    expect(scale.at(5n * s)).toBe(50);
    expect([scale.at(-1n), scale.at(11n * s)]).toEqual([2, 98]);
  });

  test("an idle stretch of more than ten times the rest is a break with its length; without folding it is not", () => {
    const times = [0n, s, 2n * s, 2n * s + 2n * h, 3n * s + 2n * h];
    const scale = scaleOf(times, true);
    expect(scale.breaks.map(({ fromNs, toNs }) => [fromNs, toNs])).toEqual([
      [2n * s, 2n * s + 2n * h],
    ]);
    const [first = 0, second = 0, third = 0, fourth = 0, last = 0] = times.map(scale.at);
    expect(fourth - third).toBeCloseTo(7);
    expect(second - first).toBeCloseTo(last - fourth);
    expect([first, last]).toEqual([2, 98]);
    expect(scaleOf(times, false).breaks).toEqual([]);
  });

  test("several idle stretches fold, as few as possible", () => {
    const folded = (times: readonly bigint[]) => scaleOf(times, true).breaks.length;
    // Two of an hour beside one second.
    expect(folded([0n, s, s + h, s + 2n * h])).toBe(2);
    // One is ten times the others, not more.
    expect(folded([0n, s, 11n * s])).toBe(0);
    expect(folded([0n, s, 11n * s + 1n])).toBe(1);
    // A millisecond beside seconds stays to scale where an hour folds.
    expect(folded([0n, 1_000_000n, s, 2n * h])).toBe(1);
    // A single stretch has no rest to compare with.
    expect(folded([0n, 100n * h])).toBe(0);
    expect(folded([])).toBe(0);
    expect(scaleOf([7n, 7n], true).at(7n)).toBe(2);
  });

  test("many breaks leave room for what is to scale", () => {
    const times = [0n, s, ...Array.from({ length: 30 }, (_, i) => s + BigInt(i + 1) * h)];
    const scale = scaleOf(times, true);
    expect(scale.breaks.length).toBe(30);
    expect(scale.at(s) - scale.at(0n)).toBeGreaterThan(50);
    expect(scale.at(times.at(-1) ?? 0n)).toBeCloseTo(98);
  });
});
