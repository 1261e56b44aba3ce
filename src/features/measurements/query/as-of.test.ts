import { expect, test } from "bun:test";
import { seededRandom } from "../../../../test/support/random.ts";
import { asOfReference, drawSeries, pointAt } from "../../../../test/support/series-reference.ts";
import { asOfJoin, sampleInstants } from "./as-of.ts";
import { lastBefore, mergePages, mergePoints, pointsWithin } from "./merge.ts";

const min = -(2n ** 63n);
const max = 2n ** 63n - 1n;

test("instants divide the range, floored, and end with it", () => {
  expect(sampleInstants(0n, 10n, 3)).toEqual([3n, 6n, 10n]);
  expect(sampleInstants(-10n, 0n, 4)).toEqual([-8n, -5n, -3n, 0n]);
  const whole = sampleInstants(min, max, 1000);
  expect([whole[0], whole.at(-1)]).toEqual([min + (max - min) / 1000n, max]);
});

test("a sample is the last point at or before its instant, whatever the seed", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = seededRandom(seed);
    const points = drawSeries(random, { fromNs: -1_000_000n, toNs: 1_000_000n }, random.int(60));
    const instants = sampleInstants(-1_100_000n, 1_200_000n, 1 + random.int(300));
    const wanted = instants.map((instant) => asOfReference(points, instant));
    expect(asOfJoin(points, instants)).toEqual(wanted);
  }
});

test("points at the very ends of int64 are found, and nothing before the first", () => {
  const ends = [pointAt(min, 1), pointAt(max, 2)];
  expect(asOfJoin(ends, [min, min + 1n, max - 1n, max])).toEqual([
    ends[0],
    ends[0],
    ends[0],
    ends[1],
  ]);
  expect(asOfJoin([pointAt(max, 2)], [min, max - 1n])).toEqual([undefined, undefined]);
  expect(asOfJoin([], [0n])).toEqual([undefined]);
});

test("the tail's points come between the stored ones and win over them", async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = seededRandom(seed);
    const span = { fromNs: 0n, toNs: 1_000_000n };
    const stored = drawSeries(random, span, random.int(80));
    const replaced = stored
      .filter(() => random.chance(0.2))
      .map(({ timeNs }) => pointAt(timeNs, -7));
    const tail = mergePoints(drawSeries(random, span, random.int(40)), replaced);
    const byTime = new Map([...stored, ...tail].map((point) => [point.timeNs, point]));
    const wanted = [...byTime.values()].toSorted((a, b) => (a.timeNs < b.timeNs ? -1 : 1));
    expect(mergePoints(stored, tail)).toEqual(wanted);

    const size = 1 + random.int(20);
    const merged = await Array.fromAsync(mergePages(paged(stored, size), tail));
    expect(merged.flat()).toEqual(wanted);
    const ns = BigInt(random.int(1_000_000));
    expect(lastBefore(wanted, ns)).toEqual(wanted.findLast(({ timeNs }) => timeNs < ns));
    expect(pointsWithin(wanted, { fromNs: 1000n, toNs: ns })).toEqual(
      wanted.filter(({ timeNs }) => timeNs >= 1000n && timeNs < ns),
    );
  }
});

async function* paged<T>(items: readonly T[], size: number): AsyncGenerator<readonly T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}
