import { expect, test } from "bun:test";
import { axis, columnsOf, OwnPoints } from "./history.ts";
import { everyMs, type Point, pointsMax } from "./node.ts";

function point(recordsIn: number, refused: Record<string, number> = {}): Point {
  return {
    recordsIn,
    bytesIn: 0,
    recordsOut: 0,
    bytesOut: 0,
    subscribers: 0,
    lagS: null,
    lagEntries: null,
    refused,
    memoryBytes: 1,
    loopDelayMs: 1,
  };
}

test("the axis is an hour at most, in whole spans", () => {
  const untilMs = 1_800_000_005_000;
  expect(axis(0, untilMs)).toEqual({
    fromMs: 1_800_000_000_000 - (pointsMax - 1) * everyMs,
    count: pointsMax,
  });
  expect(axis(untilMs - 14_000, untilMs)).toEqual({ fromMs: 1_800_000_000_000, count: 1 });
  expect(axis(untilMs, untilMs).count).toBe(0);
});

test("what is not known is null in each column, and a refusal that did not happen is zero", () => {
  const rows = [
    { node: "a", atMs: 20_000, point: point(5, { invalid: 2 }) },
    { node: "a", atMs: 40_000, point: point(7) },
    { node: "a", atMs: 990_000, point: point(9) },
  ];
  const columns = columnsOf(rows, { fromMs: 10_000, count: 4 });
  expect(columns.recordsIn).toEqual([null, 5, null, 7]);
  expect(columns.refused).toEqual({ invalid: [null, 2, null, 0] });
});

test("a node keeps the points of one hour", () => {
  const own = new OwnPoints();
  for (let at = 0; at < pointsMax + 10; at++) {
    own.add({ node: "a", atMs: at * everyMs, point: point(at) });
  }
  expect(own.since(0)).toHaveLength(pointsMax);
  expect(own.since(0)[0]?.point.recordsIn).toBe(10);
});
