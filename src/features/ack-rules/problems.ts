/** What is wrong now with the rules that this node works on, in words. */

import type { PartLag, PartProblem } from "../part.ts";
import type { AckRunnerStatus } from "./runner.ts";

/** A rule that is further behind is late with its acks. */
const behindMsMin = 10_000;

export function ruleProblems(
  rules: readonly Pick<AckRunnerStatus, "rule" | "stopped">[],
  lags: readonly PartLag[],
): readonly PartProblem[] {
  const stopped = rules.flatMap(({ rule: name, stopped: why }): PartProblem[] => {
    if (why === undefined) return [];
    const message = `Rule "${name}" has stopped: ${why}`;
    return [{ kind: "rule_stopped", about: { kind: "rule", name }, message }];
  });
  const behind = [...Map.groupBy(lags, ({ name }) => name)].flatMap(
    ([name, own]): PartProblem[] => {
      const [worst] = own.toSorted((a, b) => b.lagMs - a.lagMs);
      if (worst === undefined || worst.lagMs < behindMsMin) return [];
      const { topic } = worst;
      const seconds = Math.round(worst.lagMs / 1000);
      const message = `Rule "${name}" is ${seconds} s behind topic "${topic}": its acks are late`;
      return [{ kind: "rule_behind", about: { kind: "rule", name }, topic, message }];
    },
  );
  return [...stopped, ...behind];
}
