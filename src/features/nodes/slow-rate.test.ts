import { expect, test } from "bun:test";
import { slowRate } from "./slow-rate.ts";

const one = { inSpan: 0, records: 1, lastMs: 100_000, lastBeforeMs: 60_000 };

test("one record each 40 s is that rate, in the span that has it and in those between", () => {
  for (const span of [10, 11, 12, 13, 21]) expect(slowRate(one, span)).toBe(1 / 40);
  expect(slowRate({ ...one, inSpan: 1 }, 10)).toBe(1 / 40);
});

test("a topic that is silent for three times its pause has no rate", () => {
  expect(slowRate(one, 22)).toBe(0);
});

test("a span with some records, or without any before it, says the rate itself", () => {
  expect(slowRate({ ...one, inSpan: 5, records: 5 }, 10)).toBeUndefined();
  expect(slowRate({ ...one, records: 400 }, 12)).toBeUndefined();
  expect(slowRate({ ...one, lastBeforeMs: null }, 10)).toBeUndefined();
});
