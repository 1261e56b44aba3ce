import { expect, test } from "bun:test";
import { expectations, extractExamples, matchMessage, missing, talk } from "./examples.ts";

const fence = "```";

test("finds the blocks that are run, and those that say nothing of it", () => {
  const markdown = [
    `${fence}sh run`,
    "echo 1",
    "# → 1",
    fence,
    "- in a list:",
    `  ${fence}sh run live`,
    "  sleep 9",
    `  ${fence}`,
    `${fence}ts no-run: it is a sketch`,
    "x",
    fence,
    `${fence}json`,
    "{}",
    fence,
    `${fence}sh`,
    "rm",
    fence,
    `${fence}sh no-run:`,
    "rm",
    fence,
    `${fence}bash run`,
    "rm",
    fence,
    "<!-- gateway: SLUICE_A=b=c D=1 -->",
    `${fence}py run`,
    "print(1)",
    fence,
  ].join("\n");
  const { examples, settings, problems } = extractExamples("a.md", markdown);
  expect(examples).toEqual([
    { place: "a.md:1", language: "sh", code: "echo 1\n# → 1\n", live: false },
    { place: "a.md:6", language: "sh", code: "sleep 9\n", live: true },
    { place: "a.md:25", language: "py", code: "print(1)\n", live: false },
  ]);
  expect(settings).toEqual({ SLUICE_A: "b=c", D: "1" });
  expect(problems.map((problem) => problem.split(":").slice(0, 2).join(":"))).toEqual([
    "a.md:15",
    "a.md:18",
    "a.md:21",
  ]);
});

test("expects texts in their order, with gaps inside a line alone", () => {
  const expected = expectations({
    language: "sh",
    code: 'curl x\n# → {"id":"…","n":1}\n# → end\n',
  });
  expect(missing(expected, 'head\n{"id":"abc","n":1}\nthe end\n')).toBeUndefined();
  expect(missing(expected, 'end\n{"id":"abc","n":1}\n')).toBe("end");
  expect(missing(expected, '{"id":"abc\n","n":1}\nend')).toBe('{"id":"…","n":1}');
  expect(expectations({ language: "ts", code: "console.log(1); // → 1\n" })).toEqual(["1"]);
  expect(expectations({ language: "html", code: "<p>a</p>\n<!-- → a -->\n" })).toEqual(["a"]);
});

test("a talk keeps what has a name", () => {
  expect(talk({ place: "p", code: '// first\n> {"op":"ping"}\n< {"op":"pong"}\n' })).toEqual([
    { said: true, text: '{"op":"ping"}' },
    { said: false, text: '{"op":"pong"}' },
  ]);
  expect(() => talk({ place: "p", code: "ping" })).toThrow("neither");
  expect(matchMessage('{"position":"$p",…}', '{"position":"8m-1","x":1}')).toEqual({ p: "8m-1" });
  expect(matchMessage('{"a":1}', '{"a":12}')).toBeUndefined();
});
