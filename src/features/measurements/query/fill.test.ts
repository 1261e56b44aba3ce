import { expect, test } from "bun:test";
import { type Fill, fillSamples, type Sample } from "./fill.ts";

function filled(fill: Fill, ...values: Sample["values"][]): (Sample["values"] | undefined)[] {
  const samples = values.map((each, i) => ({ timeNs: BigInt(i) * 10n, values: each }));
  return fillSamples(samples, fill).map((sample) => sample.values);
}

test("null leaves gaps as they are, none leaves them out", () => {
  expect(filled("null", null, [1], null)).toEqual([null, [1], null]);
  expect(filled("none", null, [1], null)).toEqual([[1]]);
});

test("previous repeats the last value of each column", () => {
  expect(filled("previous", null, [1, null], [null, 5], null)).toEqual([
    null,
    [1, null],
    [1, 5],
    [1, 5],
  ]);
});

test("linear draws a line in time, and nothing beyond the ends", () => {
  expect(filled("linear", null, [0], null, null, [30], null)).toEqual([
    null,
    [0],
    [10],
    [20],
    [30],
    null,
  ]);
  const uneven = [
    { timeNs: -(2n ** 63n), values: [-Number.MAX_VALUE] },
    { timeNs: 0n, values: null },
    { timeNs: 2n ** 63n - 1n, values: [Number.MAX_VALUE] },
  ];
  const middle = fillSamples(uneven, "linear")[1]?.values?.[0] ?? Number.NaN;
  expect(Math.abs(middle) / Number.MAX_VALUE).toBeLessThan(1e-15);
});

test("there is nothing to fill with where there is nothing", () => {
  for (const fill of ["null", "previous", "linear"] as const) {
    expect(filled(fill, null, null)).toEqual([null, null]);
    expect(filled(fill)).toEqual([]);
  }
  expect(filled("none", null)).toEqual([]);
});
