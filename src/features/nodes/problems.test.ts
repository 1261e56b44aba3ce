import { expect, test } from "bun:test";
import { callerWith } from "../../../test/support/callers.ts";
import { BoundedMap } from "../../core/budget/bounded-map.ts";
import { TopicRules } from "../../ingest/topic-rules.ts";
import type { KnownNode, NodeState, Problem } from "./node.ts";
import { isReadable, problemsOf, type Refusals, refusingTopics, Since } from "./problems.ts";

const about = { kind: "node", name: "a" } as const;
const finding = { kind: "log_away", about, message: "The log does not answer" } as const;

function nodeWith(
  node: string,
  condition: KnownNode["condition"],
  problems: readonly Problem[] = [],
): KnownNode {
  const state: NodeState = {
    version: "1",
    runtime: "bun",
    log: "postgres",
    place: `${node}:9000`,
    memoryBytes: 0,
    guests: 0,
    subscribers: 0,
    owns: [],
    projections: [],
    readers: {},
    problems,
  };
  return { node, startedMs: 0, seenMs: 500, isStopped: false, state, condition };
}

test("a problem is there since it was found first, and since then once it was gone", () => {
  const since = new Since();
  expect(since.of([finding], 1000)[0]?.sinceMs).toBe(1000);
  expect(since.of([finding], 2000)[0]?.sinceMs).toBe(1000);
  expect(since.of([], 3000)).toEqual([]);
  expect(since.of([finding], 4000)[0]?.sinceMs).toBe(4000);
});

test("what several nodes report is one problem; a silent node is one, and reports nothing", () => {
  const early = { ...finding, sinceMs: 100 };
  const late = { ...finding, sinceMs: 900 };
  const found = problemsOf(
    [
      nodeWith("a", "serving", [early]),
      nodeWith("b", "silent", [{ ...late, about: { kind: "node", name: "x" } }]),
      nodeWith("c", "stopped", [{ ...late, about: { kind: "node", name: "y" } }]),
    ],
    [late],
  );
  expect(found).toEqual([
    early,
    {
      kind: "node_silent",
      about: { kind: "node", name: "b" },
      message: "The node at b:9000 does not answer, and it did not say that it stops",
      sinceMs: 500,
    },
  ]);
});

test("a topic refuses for a minute after its last refusal", () => {
  const refusals = new BoundedMap<string, readonly Refusals[]>(10);
  refusals.set("orders", [
    { atMs: 1000, records: 2, message: "old" },
    { atMs: 50_000, records: 1, message: "new" },
  ]);
  expect(refusingTopics(refusals, 55_000)[0]?.message).toContain("refused 3 records");
  expect(refusingTopics(refusals, 70_000)[0]?.message).toContain("refused 1 record within");
  expect(refusingTopics(refusals, 120_000)).toEqual([]);
  expect(refusals.size).toBe(0);
});

test("a problem of a rule is for who may read the rule, and the topic that it is behind", () => {
  const rules = new TopicRules();
  const rule = { kind: "rule", name: "orders" } as const;
  const readers = (problem: Parameters<typeof isReadable>[0]) =>
    ["read rule:orders, read topic:in", "read rule:orders", "read topic:in"].map((grants) =>
      isReadable(problem, callerWith(grants), rules),
    );
  expect(readers({ about: rule, topic: "in" })).toEqual([true, false, false]);
  expect(readers({ about: rule })).toEqual([true, true, false]);
  const topic = { kind: "topic", name: "in" } as const;
  expect(readers({ about: topic, topic: "in" })).toEqual([true, false, true]);
  expect(readers({ about })).toEqual([true, true, true]);
});
