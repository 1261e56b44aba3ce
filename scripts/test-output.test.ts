import { expect, test } from "bun:test";
import { failedTests } from "./test-output.ts";

const output = `bun test v1.4.5

src/a.test.ts:
(pass) adds [0.10ms]
3 | expect(1).toBe(2);
error: expect(received).toBe(expected)
(fail) subtracts [0.20ms]
(skip) divides
(pass) multiplies [0.10ms]

src/b.test.ts:
said on the way
(fail) nothing else was printed [5.00ms]

1 tests skipped:
(skip) divides

2 tests failed:
(fail) subtracts [0.20ms]
(fail) nothing else was printed [5.00ms]

 2 pass
`;

test("each failed test with what was printed before it, once", () => {
  expect(failedTests(output)).toEqual([
    "3 | expect(1).toBe(2);\nerror: expect(received).toBe(expected)\n(fail) subtracts [0.20ms]",
    "src/b.test.ts:\nsaid on the way\n(fail) nothing else was printed [5.00ms]",
  ]);
  expect(failedTests("(pass) adds\n\n 1 pass\n")).toEqual([]);
});

test("of a long diff its beginning and its end", () => {
  const lines = Array.from({ length: 200 }, (_, i) => `line ${i}`);
  const [failed = ""] = failedTests([...lines, "(fail) long [1.00ms]"].join("\n"));
  expect(failed.split("\n")).toEqual([
    ...lines.slice(0, 40),
    "… 121 lines …",
    ...lines.slice(161),
    "(fail) long [1.00ms]",
  ]);
});
