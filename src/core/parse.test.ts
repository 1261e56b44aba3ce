import { expect, test } from "bun:test";
import { fieldValue, parseChoice, parseCount, parseFlag, parseNumber } from "./parse.ts";

const of = <Value>(value: Value) => ({ ok: true, value }) as const;
const no = (expected: string) => ({ ok: false, expected }) as const;

test.each([
  ["0", 0, 9, of(0)],
  ["9", 0, 9, of(9)],
  ["007", 0, 9, of(7)],
  ["9007199254740991", 0, Number.MAX_SAFE_INTEGER, of(9_007_199_254_740_991)],
  ["9007199254740992", 0, Number.MAX_SAFE_INTEGER, no("a whole number from 0 to 9007199254740991")],
  ...["", " 1", "1 ", "-1", "+1", "1.0", "1e1", "0x1", "१", "10", "1".repeat(400)].map(
    (text) => [text, 0, 9, no("a whole number from 0 to 9")] as const,
  ),
  ["0", 1, 9, no("a whole number from 1 to 9")],
])("a count: %p from %p to %p", (text, min, max, expected) => {
  expect(parseCount(text, min, max)).toEqual(expected);
});

test.each([
  ["0.5", of(0.5)],
  ["1e0", of(1)],
  [".5", of(0.5)],
  ...["", " ", "x", "NaN", "2", "-0.1", "Infinity", "0x1", "0b1", " 1", "1 ", "1_0", "."].map(
    (text) => [text, no("a number from 0 to 1")] as const,
  ),
])("a number from 0 to 1: %p", (text, expected) => {
  expect(parseNumber(text, 0, 1)).toEqual(expected);
});

test("a choice is one of the texts, exactly", () => {
  expect(parseChoice("b", ["a", "b", "c"])).toEqual(of("b"));
  expect(parseChoice("B", ["a", "b", "c"])).toEqual(no("one of a, b, c"));
  expect(parseChoice("", ["sse", "ws"])).toEqual(no("sse or ws"));
});

test("a flag has the spellings that its source has", () => {
  const digits = { on: ["1", "true"], off: ["0", "false"] };
  expect(parseFlag("true")).toEqual(of(true));
  expect(parseFlag("false")).toEqual(of(false));
  expect(parseFlag("1")).toEqual(no("true or false"));
  expect(parseFlag("0", digits)).toEqual(of(false));
  expect(parseFlag("yes", digits)).toEqual(no("1 or 0"));
});

test("a field that does not parse is named, with what was given and what was expected", () => {
  expect(fieldValue("limit", "7", parseCount("7", 1, 9))).toBe(7);
  const refused = () => fieldValue("limit", "x".repeat(200), parseCount("x", 1, 9));
  const message = `Cannot use limit "${"x".repeat(100)}…": expected a whole number from 1 to 9`;
  expect(refused).toThrow(
    expect.objectContaining({
      code: "invalid",
      errors: [{ field: "limit", code: "invalid", message }],
    }),
  );
});
