import { describe, expect, test } from "bun:test";
import { seededRandom } from "../../../../test/support/random.ts";
import { drawBelow } from "../../../../test/support/series-reference.ts";
import { type Level, levelNs, levels, type Span, type Unrolled } from "../series-port.ts";
import { cellsOf, evenCells, gridOf, windows } from "./cells.ts";
import { coverCells, withTail } from "./cover.ts";

const all: Unrolled = { 1: [], 2: [], 3: [] };
const s = 1_000_000_000n;

describe("even cells", () => {
  test("divide the range and end with it; below 20 s exactly", () => {
    expect(evenCells(0n, 10n, 4)).toEqual([
      { fromNs: 0n, toNs: 2n },
      { fromNs: 2n, toNs: 5n },
      { fromNs: 5n, toNs: 7n },
      { fromNs: 7n, toNs: 10n },
    ]);
  });

  test("lie on the grid of the widest buckets of which two fit in, but for both ends", () => {
    const cells = evenCells(3n * s, 3n * s + 100n * s, 4);
    expect(cells.map(({ toNs }) => toNs / s)).toEqual([20n, 50n, 70n, 103n]);
    expect([gridOf(20n * s - 1n), gridOf(20n * s), gridOf(120n * s), gridOf(1200n * s)]).toEqual([
      undefined,
      1,
      2,
      3,
    ]);
  });

  test("of the whole of int64 do not overflow, of nearly nothing are not empty", () => {
    const cells = evenCells(-(2n ** 63n), 2n ** 63n - 1n, 10_000);
    expect(cells).toHaveLength(10_000);
    expect(cells[0]?.fromNs).toBe(-(2n ** 63n));
    expect(cells.at(-1)?.toNs).toBe(2n ** 63n - 1n);
    expect(evenCells(5n, 6n, 1000)).toEqual([{ fromNs: 5n, toNs: 6n }]);
  });
});

test("windows that overlap are runs of cells", () => {
  const spans = windows(0n, 100n * s, 5, 45n * s);
  expect(spans.map(({ fromNs, toNs }) => [fromNs / s, toNs / s])).toEqual([
    [-30n, 20n],
    [-10n, 40n],
    [10n, 60n],
    [30n, 80n],
    [50n, 100n],
  ]);
  const edges = new Set(cellsOf(spans).flatMap(({ fromNs, toNs }) => [fromNs, toNs]));
  for (const { fromNs, toNs } of spans) expect(edges.has(fromNs) && edges.has(toNs)).toBe(true);
});

describe("a cover", () => {
  test("takes the widest buckets inside, narrower ones and points towards the ends", () => {
    const cover = coverCells([{ fromNs: 595n * s, toNs: 1873n * s }], all);
    expect(cover.map(({ level, fromNs, toNs }) => [level, fromNs / s, toNs / s])).toEqual([
      [0, 595n, 600n],
      [3, 600n, 1800n],
      [2, 1800n, 1860n],
      [1, 1860n, 1870n],
      [0, 1870n, 1873n],
    ]);
  });

  test("is without gap or overlap, on the grid, and never of a bucket that is out of date", () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = seededRandom(seed);
      const fromNs = drawBelow(random, 5000n * s) - 2500n * s;
      const cells = evenCells(
        fromNs,
        fromNs + 1n + drawBelow(random, 9000n * s),
        1 + random.int(9),
      );
      const changed = Array.from(
        { length: random.int(20) },
        () => drawBelow(random, 9000n * s) - 2500n * s,
      );
      const unrolled = withTail(all, changed);
      const cover = coverCells(cells, unrolled);
      expect(gapless(cover)).toBe(true);
      expect(cover[0]?.fromNs).toBe(cells[0]?.fromNs);
      expect(cover.at(-1)?.toNs).toBe(cells.at(-1)?.toNs);
      for (const { level, fromNs: from, toNs: to } of cover) {
        if (level === 0) continue;
        expect([from % levelNs(level), to % levelNs(level)]).toEqual([0n, 0n]);
        expect(changed.some((ns) => ns >= from && ns < to)).toBe(false);
      }
    }
  });

  test("marks in each level the buckets that contain a changed one of the level below", () => {
    const unrolled = withTail({ 1: [610n * s], 2: [-60n * s], 3: [] }, [5n * s, -1n]);
    const seconds = (level: Level) => unrolled[level].map((ns) => ns / s);
    expect(levels.map(seconds)).toEqual([
      [-10n, 0n, 610n],
      [-60n, 0n, 600n],
      [-600n, 0n, 600n],
    ]);
  });

  test("has at most about 20 stretches per cell, at any width", () => {
    for (const widthNs of [20n, 61n, 119n, 121n, 599n, 1199n, 1201n, 86_400n]) {
      const cells = evenCells(7n * s, 7n * s + widthNs * s * 100n, 100);
      let buckets = 0n;
      for (const { level, fromNs, toNs } of coverCells(cells, all)) {
        if (level !== 0) buckets += (toNs - fromNs) / levelNs(level);
      }
      expect(buckets / 100n).toBeLessThanOrEqual(widthNs > 1200n ? widthNs / 600n + 1n : 20n);
    }
  });
});

function gapless(spans: readonly Span[]): boolean {
  return spans.every(({ fromNs, toNs }, i) => {
    const next = spans[i + 1];
    return fromNs < toNs && (next === undefined || next.fromNs === toNs);
  });
}
