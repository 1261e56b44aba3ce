// Excerpts of the output of `bun test`, for the end of a long run.

/** Enough for an error, its diff and its stack; a diff of thousands of lines is cut in its middle. */
const linesMax = { first: 40, last: 40 };

const endOfTest = /^\((pass|fail|skip|todo)\) /;
const endOfTests = /^\d+ tests? (failed|skipped):$/;

/** Output of each failed test: the lines after the test before it, up to its own. */
export function failedTests(output: string): string[] {
  const failed: string[] = [];
  let own: string[] = [];
  for (const line of output.split("\n")) {
    if (endOfTests.test(line)) break;
    own.push(line);
    const [, outcome] = endOfTest.exec(line) ?? [];
    if (outcome === undefined) continue;
    if (outcome === "fail") failed.push(cut(own).join("\n").trim());
    own = [];
  }
  return failed;
}

function cut(lines: readonly string[]): readonly string[] {
  const { first, last } = linesMax;
  const left = lines.length - first - last;
  if (left <= 0) return lines;
  return [...lines.slice(0, first), `… ${left} lines …`, ...lines.slice(-last)];
}
