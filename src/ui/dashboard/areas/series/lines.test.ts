// From an answer as the gateway writes it to what is drawn.

import { expect, test } from "bun:test";
import { parseJson } from "../../../exact-json.ts";
import { answerFrom } from "./answer.ts";
import { gapAfterNs, linesOf, pictureOf } from "./lines.ts";
import type { Fill, Shown } from "./view.ts";
import { cellAt, csvOf, pointWords, sentenceOf } from "./words.ts";

const base = 1_795_946_531_420_113_007n;
const s = 1_000_000_000n;
const shown: Shown = { tag: "boiler", columns: [0], agg: "mean", of: "" };

/** Ten cells of a second; null has no measurement. */
function answerOf(values: readonly (number | null)[], until = 10n) {
  const points = values.map((value, i) => {
    const [from, to] = [base + BigInt(i) * s, base + BigInt(i + 1) * s];
    const count = value === null ? 0 : 2;
    const own = value === null ? "null" : `[${value}]`;
    return `{"time":${to},"from":${from},"to":${to},"count":${count},"values":${own}}`;
  });
  const band = values.map((value, i) => {
    const [from, to] = [base + BigInt(i) * s, base + BigInt(i + 1) * s];
    const ends =
      value === null ? `"min":null,"max":null` : `"min":[${value - 1}],"max":[${value + 1}]`;
    return `{"from":${from},"to":${to},"count":${value === null ? 0 : 2},${ends}}`;
  });
  const end = base + BigInt(values.length) * s;
  return answerFrom(
    parseJson(
      `{"start":${base},"end":${end},"now":${end},"queryable_until":${base + until * s},"points":[${points.join()}],"band":[${band.join()}]}`,
    ) as Record<string, unknown>,
  );
}

const drawn = (
  values: readonly (number | null)[],
  { fill = "null", pauseNs, until = 10n }: { fill?: Fill; pauseNs?: bigint; until?: bigint } = {},
) => {
  const answer = answerOf(values, until);
  const lines = linesOf({ shown, answer, pauseNs });
  const span = { fromNs: answer.startNs, toNs: answer.endNs };
  return { lines, picture: pictureOf(lines, span, answer.untilNs, fill) };
};

test("times are exact to the nanosecond, values to the last bit", () => {
  const { lines, picture } = drawn([0.1 + 0.2, 1e300, -9007199254740992, 4, 5, 6, 7, 8, 9, 10]);
  expect(picture.times[0]).toBe(base + s);
  expect(picture.x.slice(0, 2)).toEqual([1e9, 2e9]);
  expect(lines[0]?.cells.slice(0, 3).map(({ value }) => value)).toEqual([
    0.1 + 0.2,
    1e300,
    -9007199254740992,
  ]);
  expect(picture.drawn[0]?.low?.[0]).toBe(0.1 + 0.2 - 1);
});

test("a silence of more than two cells breaks the line and is hatched, a shorter one is not", () => {
  const { picture } = drawn([1, null, 3, null, null, null, 7, 8, null, null]);
  expect(picture.drawn[0]?.values).toEqual([
    1,
    undefined,
    3,
    null,
    null,
    null,
    7,
    8,
    undefined,
    undefined,
  ]);
  expect(picture.marks).toEqual([{ from: 3e9, to: 6e9, kind: "empty" }]);
});

test("what is usual for a series is no gap: silences are measured by its pauses", () => {
  const values = [1, null, null, null, 5, null, null, null, 9, null];
  expect(drawn(values).picture.marks).toHaveLength(2);
  const { lines, picture } = drawn(values, { pauseNs: 4n * s });
  expect(picture.marks).toEqual([]);
  expect(lines[0]?.gaps).toEqual([]);
  const usual = { shown, answer: answerOf(values), pauseNs: 4n * s };
  expect(gapAfterNs(usual)).toBe(12n * s);
});

test("a range without any measurement is hatched as a whole, whatever is usual", () => {
  const { lines, picture } = drawn(
    Array.from({ length: 10 }, () => null),
    { pauseNs: 900n * s },
  );
  expect(lines).toHaveLength(1);
  expect(picture.marks).toEqual([{ from: 0, to: 10e9, kind: "empty" }]);
});

test("what is not queryable yet is grey, and no gap", () => {
  const { lines, picture } = drawn([1, 2, 3, 4, 5, null, null, null, null, null], { until: 6n });
  expect(picture.marks).toEqual([{ from: 6e9, to: 10e9, kind: "later" }]);
  expect(lines[0]?.gaps).toEqual([]);
});

test("fills draw what was not measured; the hatching stays", () => {
  const { picture } = drawn([1, null, null, null, 5, 6, 7, 8, 9, 10], { fill: "none" });
  expect(picture.drawn[0]?.values.slice(0, 5)).toEqual([1, undefined, undefined, undefined, 5]);
  expect(picture.marks).toHaveLength(1);
});

test("lines with other times share one axis; only what none has measured is hatched", () => {
  const answer = answerOf([1, null, null, null, null, null, null, 8, 9, 10]);
  const [first] = linesOf({ shown, answer, pauseNs: undefined });
  const plotted = {
    ...answer,
    band: [],
    points: [{ ...answer.points[0], timeNs: base + 7n, values: [5] }],
  };
  const [second] = linesOf({
    shown: { ...shown, agg: "lttb" },
    answer: plotted as unknown as typeof answer,
    pauseNs: undefined,
  });
  if (first === undefined || second === undefined) throw new Error("Both are lines");
  const picture = pictureOf(
    [first, second],
    { fromNs: base, toNs: base + 10n * s },
    base + 10n * s,
    "null",
  );
  expect(picture.x.slice(0, 2)).toEqual([7, 1e9]);
  expect(picture.drawn[0]?.values.slice(0, 3)).toEqual([undefined, 1, null]);
  expect(picture.drawn[1]?.values.slice(0, 2)).toEqual([5, undefined]);
  expect(picture.drawn[1]?.low).toBeUndefined();
  expect(picture.drawn.map(({ gaps }) => gaps)).toEqual([[{ from: 1e9, to: 7e9 }], []]);
  expect(picture.marks).toEqual([]);
});

test("the cell at a cursor is the one that ends there or before", () => {
  const [line] = drawn([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]).lines;
  if (line === undefined) throw new Error("It is a line");
  expect(cellAt(line, base)).toBeUndefined();
  expect(cellAt(line, base + s)?.value).toBe(1);
  expect(cellAt(line, base + 3n * s - 1n)?.value).toBe(2);
  expect(cellAt(line, base + 99n * s)?.value).toBe(10);
  expect(pointWords([line], base + s, "utc")).toBe(
    "2026-11-29 10:02:12.420 113 007 UTC. boiler [0] mean: 1",
  );
});

test("cells as CSV: times in nanoseconds, nothing where nothing was measured, no formula", () => {
  const { lines, picture } = drawn([0.1, null, 3, 4, 5, 6, 7, 8, 9, 10]);
  const [line] = lines;
  if (line === undefined) throw new Error("It is a line");
  const csv = csvOf([line, { ...line, shown: { ...shown, tag: '=1+"2"' } }], picture.times);
  expect(csv.split("\n").slice(0, 3)).toEqual([
    `time,"boiler [0] mean","'=1+""2"" [0] mean"`,
    `${base + s},0.1,0.1`,
    `${base + 2n * s},,`,
  ]);
});

test("a sentence says what the picture shows", () => {
  const { lines } = drawn([1, null, null, null, 5, 6, 7, 8, 9, 4]);
  expect(sentenceOf(lines, { fromNs: base, toNs: base + 10n * s }, "utc")).toBe(
    "From 2026-11-29 10:02:11.420 113 007 UTC to 2026-11-29 10:02:21.420 113 007 UTC: boiler [0] mean is between 0 and 10, at last 4, 1 gap, the longest 3 s.",
  );
});
