import { expect, test } from "bun:test";
import type { BandCell, Point, SeriesAnswer } from "../answer.ts";
import type { Shown } from "../view.ts";
import { canFold, cutTo, firstWhole, folded, type Measurement } from "./fold.ts";

const shown = (agg: Shown["agg"], columns: number[] = [0]): Shown => {
  return { tag: "t", columns, agg, of: "" };
};
const measured = (time: number, ...values: number[]): Measurement => {
  return { timeNs: BigInt(time), values };
};

/** Cells of ten from 0 on, of which the first has one measurement: 4, at 5. */
function answerOf(agg: Shown["agg"], cells = 4): SeriesAnswer {
  const ends = Array.from({ length: cells }, (_, at) => BigInt(at + 1) * 10n);
  const band = ends.map((toNs, at): BandCell => {
    const values = at === 0 ? [4] : null;
    return { fromNs: toNs - 10n, toNs, count: at === 0 ? 1 : 0, min: values, max: values };
  });
  const points = ends.map((timeNs, at): Point => {
    if (agg === "last") {
      return { timeNs, fromNs: undefined, count: undefined, atNs: 5n, values: [4] };
    }
    const [first, empty] = agg === "count" ? [[1], [0]] : [[4], null];
    const values = at === 0 ? first : empty;
    return { timeNs, fromNs: timeNs - 10n, count: at === 0 ? 1 : 0, atNs: undefined, values };
  });
  const endNs = BigInt(cells) * 10n;
  return { startNs: 0n, endNs, nowNs: 12n, untilNs: 12n, points, band };
}

const valuesOf = ({ points }: SeriesAnswer) => points.map(({ values }) => values?.[0] ?? null);
const fresh = { fromNs: 10n, measurements: [measured(10, 1), measured(15, 3), measured(30, 8)] };

test.each([
  ["mean", [4, 2, null, 8]],
  ["min", [4, 1, null, 8]],
  ["max", [4, 3, null, 8]],
  ["count", [1, 2, 0, 1]],
  ["last", [1, 3, 8, 8]],
] as const)("%s of the cells from an instant on follows from their measurements", (agg, values) => {
  const answer = folded(shown(agg), "null", answerOf(agg), fresh);
  expect(valuesOf(answer)).toEqual([...values]);
  expect(answer.band.map(({ count }) => count)).toEqual([1, 2, 0, 1]);
  expect(answer.band.map(({ min, max }) => [min?.[0], max?.[0]])).toEqual([
    [4, 4],
    [1, 3],
    [undefined, undefined],
    [8, 8],
  ]);
});

test("the last values have the time of their measurement, and a newer one of the answer stays", () => {
  const base = answerOf("last");
  const answer = folded(shown("last"), "null", base, fresh);
  expect(answer.points.map(({ atNs }) => atNs)).toEqual([10n, 15n, 30n, 30n]);
  const ahead = { ...base, points: base.points.map((point) => ({ ...point, atNs: 20n })) };
  const other = folded(shown("last"), "null", ahead, { ...fresh, fromNs: 20n });
  expect(other.points.map(({ atNs }) => atNs)).toEqual([20n, 20n, 30n, 30n]);
});

test("empty cells repeat the values before them where the fill says so", () => {
  const answer = folded(shown("mean"), "previous", answerOf("mean"), fresh);
  expect(valuesOf(answer)).toEqual([4, 2, 2, 8]);
  expect(answer.points.map(({ count }) => count)).toEqual([1, 2, 0, 1]);
});

test("columns are the chosen ones, over the measurements that have them", () => {
  const measurements = [measured(11, 1, 10, 100), measured(12, 3)];
  const answer = folded(shown("mean", [2, 0]), "null", answerOf("mean"), {
    fromNs: 10n,
    measurements,
  });
  expect(answer.points[1]?.values).toEqual([100, 2]);
  const all = folded(shown("max", []), "null", answerOf("max"), { fromNs: 10n, measurements });
  expect(all.points[1]?.values).toEqual([3, 10, 100]);
});

test("lttb is followed by the measurements themselves", () => {
  const single = { fromNs: undefined, count: undefined, atNs: undefined };
  const points = [5n, 11n].map((timeNs) => ({ timeNs, ...single, values: [4] }));
  const answer = folded(
    shown("lttb"),
    "null",
    { ...answerOf("mean"), points, band: [] },
    { ...fresh, measurements: [...fresh.measurements, measured(31)] },
  );
  expect(answer.points.map(({ timeNs, values }) => [timeNs, values?.[0]])).toEqual([
    [5n, 4],
    [10n, 1],
    [15n, 3],
    [30n, 8],
  ]);
});

test("a cell that began before the instant is the gateway's", () => {
  expect(firstWhole(answerOf("mean"), 10n)).toBe(10n);
  expect(firstWhole(answerOf("mean"), 11n)).toBe(20n);
  expect(firstWhole(answerOf("mean"), 31n)).toBeUndefined();
  expect(firstWhole({ ...answerOf("mean"), band: [] }, 11n)).toBe(11n);
});

test("a cut has the cells that end in it, and points beside them stay beside them", () => {
  const { points, band } = cutTo(answerOf("last", 6), { startNs: 20n, endNs: 40n, untilNs: 35n });
  expect(points.map(({ timeNs }) => timeNs)).toEqual([30n, 40n]);
  expect(band.map(({ toNs }) => toNs)).toEqual([30n, 40n]);
});

test("what does not follow from the measurements of a cell is not folded", () => {
  expect(canFold(shown("mean"), "null")).toBe(true);
  expect(canFold(shown("mean"), "linear")).toBe(false);
  for (const agg of ["twa", "moving", "weighted"] as const) {
    expect(canFold(shown(agg), "null")).toBe(false);
  }
});
