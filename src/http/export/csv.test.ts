import { expect, test } from "bun:test";
import { csvLine } from "./csv.ts";

test.each([
  ["=1+1", "'=1+1"],
  ["@SUM(A1)", "'@SUM(A1)"],
  ["+49 30", "'+49 30"],
  ["-9007199254740993", "-9007199254740993"],
  ["1.50", "1.50"],
  ["-1e5", "-1e5"],
  ["\tx", "'\tx"],
  ['{"a":1}', '"{""a"":1}"'],
  ["a\nb", '"a\nb"'],
  ["", ""],
])("%p becomes %p", (cell, expected) => {
  expect(csvLine([cell, "z"])).toBe(`${expected},z\r\n`);
});
