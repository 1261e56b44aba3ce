import { expect, test } from "bun:test";
import { mergeMetrics } from "./merged-metrics.ts";

test("metrics of two processes are one text: each family once, each sample with its process", () => {
  const of = (a: number, b: number) => `# HELP a_total A.
# TYPE a_total counter
a_total ${a}

# HELP b_seconds B.
# TYPE b_seconds histogram
b_seconds_bucket{le="0.1",kind="a{b} c"} ${b}
b_seconds_bucket{le="+Inf",kind="a{b} c"} ${b}
`;
  const text = mergeMetrics([
    { process: 0, text: of(1, 2) },
    { process: 1, text: of(3, 4) },
  ]);
  expect(text).toBe(`# HELP a_total A.
# TYPE a_total counter
a_total{process="0"} 1
a_total{process="1"} 3

# HELP b_seconds B.
# TYPE b_seconds histogram
b_seconds_bucket{process="0",le="0.1",kind="a{b} c"} 2
b_seconds_bucket{process="0",le="+Inf",kind="a{b} c"} 2
b_seconds_bucket{process="1",le="0.1",kind="a{b} c"} 4
b_seconds_bucket{process="1",le="+Inf",kind="a{b} c"} 4
`);
});

test("without a process that answers there is no text", () => {
  expect(mergeMetrics([])).toBe("");
  expect(mergeMetrics([{ process: 1, text: "" }])).toBe("");
});
