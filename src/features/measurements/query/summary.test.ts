import { describe, expect, test } from "bun:test";
import { seededRandom } from "../../../../test/support/random.ts";
import {
  drawBelow,
  drawSeries,
  near,
  pointAt,
  referenceOf,
} from "../../../../test/support/series-reference.ts";
import { rollUp } from "../roller.ts";
import type { SeriesPoint, Span } from "../series-port.ts";
import { Summary } from "./summary.ts";

const width = 10_000_000_000n;

function summaryOf(points: readonly SeriesPoint[], span: Span): Summary {
  const summary = new Summary(
    span.fromNs,
    points.findLast(({ timeNs }) => timeNs < span.fromNs),
  );
  for (const point of within(points, span)) summary.addPoint(point);
  return summary.close(span.toNs);
}

function within(points: readonly SeriesPoint[], { fromNs, toNs }: Span): SeriesPoint[] {
  return points.filter(({ timeNs }) => timeNs >= fromNs && timeNs < toNs);
}

function expectReference(summary: Summary, points: readonly SeriesPoint[], span: Span): void {
  const wanted = referenceOf(points, span);
  expect(summary.count).toBe(wanted.count);
  expect([...summary.min]).toEqual([...wanted.min]);
  expect([...summary.max]).toEqual([...wanted.max]);
  // What cancels out is as exact as what was added.
  const scale = Math.max(...wanted.max.map(Math.abs), ...wanted.min.map(Math.abs), 1000);
  const held = points.findLast(({ timeNs }) => timeNs < span.fromNs);
  const heldScale =
    held === undefined
      ? 0
      : Math.max(
          ...referenceOf([held], { fromNs: held.timeNs, toNs: held.timeNs + 1n }).max.map(Math.abs),
        );
  for (const [i, mean] of summary.mean.entries()) {
    expect(near(mean, wanted.mean[i] ?? Number.NaN, scale)).toBe(true);
  }
  expect(summary.twa).toHaveLength(wanted.twa.length);
  for (const [i, twa] of summary.twa.entries()) {
    expect(near(twa, wanted.twa[i] ?? Number.NaN, Math.max(scale, heldScale))).toBe(true);
  }
}

describe("a summary", () => {
  test("of points is what looking at every point gives, whatever the seed", () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = seededRandom(seed);
      const points = drawSeries(random, { fromNs: 0n, toNs: 60n * width }, random.int(200));
      const fromNs = drawBelow(random, 30n * width);
      const span = { fromNs, toNs: fromNs + 1n + drawBelow(random, 30n * width) };
      expectReference(summaryOf(points, span), points, span);
    }
  });

  test("of rollups, and of rollups of rollups, is that of their points", () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = seededRandom(seed);
      const span = { fromNs: 0n, toNs: 60n * width };
      const points = drawSeries(random, span, random.int(300));
      const tens = Array.from({ length: 60 }, (_, i) => {
        const bucket = { fromNs: BigInt(i) * width, toNs: BigInt(i + 1) * width };
        return rollUp.points(within(points, bucket), bucket);
      }).filter((rollup) => rollup !== undefined);
      const minutes = Array.from({ length: 10 }, (_, i) => {
        const bucket = { fromNs: BigInt(i) * 6n * width, toNs: BigInt(i + 1) * 6n * width };
        const own = tens.filter((r) => r.startNs >= bucket.fromNs && r.startNs < bucket.toNs);
        return rollUp.rollups(own, bucket);
      }).filter((rollup) => rollup !== undefined);
      for (const rollups of [tens, minutes]) {
        const summary = new Summary(span.fromNs);
        for (const rollup of rollups) summary.addRollup(rollup);
        expectReference(summary.close(span.toNs), points, span);
        const plain = summaryOf(points, span);
        expect([summary.minAt, summary.maxAt]).toEqual([plain.minAt, plain.maxAt]);
        expect([summary.first, summary.last]).toEqual([plain.first, plain.last]);
        expect([...summary.held].map(Math.round)).toEqual([...plain.held].map(Math.round));
      }
    }
  });

  test("of nothing has no rollup and no values, unless something held", () => {
    expect(rollUp.points([], { fromNs: 0n, toNs: width })).toBeUndefined();
    expect(new Summary(0n).close(width).twa).toEqual([]);
    expect(new Summary(5n, pointAt(1n, 7, 8)).close(width).twa).toEqual([7, 8]);
  });

  test("of one point is that point", () => {
    const point = pointAt(3n, -1.5, 0);
    const rollup = rollUp.points([point], { fromNs: 0n, toNs: width });
    expect(rollup).toMatchObject({ count: 1, first: point, last: point });
    expect(rollup?.columns).toMatchObject({ min: [-1.5, 0], max: [-1.5, 0], mean: [-1.5, 0] });
    expect(rollup?.columns).toMatchObject({
      minAt: [3, 3],
      twa: [-1.5, 0],
      held: [9999999997, 9999999997],
    });
  });

  test("at the ends of int64, of the largest numbers, does not overflow", () => {
    const ends = { fromNs: -(2n ** 63n), toNs: 2n ** 63n - 1n };
    const big = Number.MAX_VALUE;
    const points = [pointAt(ends.fromNs, big, -big), pointAt(0n, big, big), pointAt(1n, big, -big)];
    const summary = summaryOf(points, ends);
    expect(summary.mean[0]).toBe(big);
    expect(summary.mean[1]).toBeCloseTo(-big / 3, -300);
    expect(summary.twa[0]).toBe(big);
    expect((summary.twa[1] ?? 0) / -big).toBeCloseTo(1, 10);
  });
});
