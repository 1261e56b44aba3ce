import { expect, test } from "bun:test";
import { seededRandom } from "../../../../test/support/random.ts";
import { lttb, type PlotPoint } from "./lttb.ts";

/** The paper's algorithm as it is printed: floating times, no care for large numbers. */
function reference(points: readonly PlotPoint[], count: number): PlotPoint[] {
  const at = (i: number) => points[i] ?? { timeNs: 0n, value: 0 };
  const start = (bucket: number) => Math.floor((bucket * (points.length - 2)) / (count - 2)) + 1;
  const picked = [at(0)];
  let a = 0;
  for (let bucket = 0; bucket < count - 2; bucket++) {
    const [from, to] = [start(bucket), start(bucket + 1)];
    const next = points.slice(to, Math.min(start(bucket + 2), points.length));
    const mean = (of: (p: PlotPoint) => number) =>
      next.reduce((sum, p) => sum + of(p), 0) / next.length;
    const [x, y] = [mean((p) => Number(p.timeNs)), mean((p) => p.value)];
    let best = -1;
    let chosen = from;
    for (let i = from; i < to; i++) {
      const area = Math.abs(
        (Number(at(a).timeNs) - x) * (at(i).value - at(a).value) -
          (Number(at(a).timeNs) - Number(at(i).timeNs)) * (y - at(a).value),
      );
      if (area > best) [best, chosen] = [area, i];
    }
    picked.push(at(chosen));
    a = chosen;
  }
  return [...picked, at(points.length - 1)];
}

test("picks what the printed algorithm picks, whatever the seed", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = seededRandom(seed);
    const points = Array.from({ length: 50 + random.int(400) }, (_, i) => ({
      timeNs: BigInt(i * 100 + random.int(90)),
      value: random.int(10_000) / 100,
    }));
    const count = 3 + random.int(45);
    expect(lttb(points, count)).toEqual(reference(points, count));
  }
});

test("keeps the ends, an only peak, and everything where there is room", () => {
  const points = Array.from({ length: 1000 }, (_, i) => ({
    timeNs: BigInt(i),
    value: i === 437 ? 9 : 0,
  }));
  const picked = lttb(points, 20);
  expect(picked).toHaveLength(20);
  expect([picked[0]?.timeNs, picked.at(-1)?.timeNs]).toEqual([0n, 999n]);
  expect(picked.some(({ value }) => value === 9)).toBe(true);
  expect(lttb(points, 1000)).toEqual(points);
  expect([lttb(points, 1).length, lttb(points, 2).length, lttb([], 5)]).toEqual([1, 2, []]);
});

test("the largest numbers over the whole of int64 leave no hole", () => {
  const points = Array.from({ length: 64 }, (_, i) => ({
    timeNs: -(2n ** 63n) + BigInt(i) * 2n ** 58n,
    value: i % 2 === 0 ? Number.MAX_VALUE : -Number.MAX_VALUE,
  }));
  const picked = lttb(points, 10);
  expect(picked).toHaveLength(10);
  expect(picked.every((point, i) => i === 0 || point.timeNs > (picked[i - 1]?.timeNs ?? 0n))).toBe(
    true,
  );
});
