import { expect, test } from "bun:test";
import { ruleProblems } from "./problems.ts";

const lag = (name: string, topic: string, lagMs: number) => ({
  ...{ name, topic, lagMs },
  position: undefined,
});

test("a rule is a problem once: by the topic that it is furthest behind, or because it has stopped", () => {
  const rules = [{ rule: "cycle", stopped: "its acks would come back" }, { rule: "late" }];
  const lags = [lag("late", "a", 12_000), lag("late", "b", 34_400), lag("quick", "a", 9000)];
  expect(
    ruleProblems(rules, lags).map(({ kind, about, topic, message }) => [
      kind,
      about.name,
      topic,
      message,
    ]),
  ).toEqual([
    ["rule_stopped", "cycle", undefined, 'Rule "cycle" has stopped: its acks would come back'],
    ["rule_behind", "late", "b", 'Rule "late" is 34 s behind topic "b": its acks are late'],
  ]);
});
