/** Ack rules for `/metrics`: all rules of this node together, because callers choose their names. */

import { byLabel, gauge, histogram, type Metric } from "../../core/metrics/metric.ts";
import type { AckRules } from "./ack-rules.ts";
import type { AckRunnerStatus } from "./runner.ts";

export function ackRuleMetrics(rules: Pick<AckRules, "status" | "ackSeconds">): readonly Metric[] {
  const sum = (number: (rule: AckRunnerStatus) => number) => () =>
    rules.status().reduce((total, rule) => total + number(rule), 0);
  return [
    histogram(
      "sluice_ack_delay_seconds",
      "From an id's first record until its ack, of the acks that this node appended.",
      rules.ackSeconds,
    ),
    gauge("sluice_ack_rules", "Ack rules, by what this node does with them.", () =>
      byLabel("state", [
        ["owned", rules.status().filter(({ owned }) => owned).length],
        ["stopped", rules.status().filter(({ stopped }) => stopped !== undefined).length],
      ]),
    ),
    gauge(
      "sluice_ack_open_ids",
      "Ids that are open, of the rules that this node owns.",
      sum(({ open }) => open),
    ),
    gauge(
      "sluice_ack_overdue_ids",
      "Ids past their deadline, of the rules that this node owns.",
      sum(({ overdue }) => overdue),
    ),
    gauge(
      "sluice_ack_pending_announcements",
      "Acks and notices that are committed and not in the log yet.",
      sum(({ pending }) => pending),
    ),
    gauge(
      "sluice_ack_lag_seconds",
      "Age of the oldest record that a rule of this node has read and not committed; else of the newest committed one, at its commit: the greatest.",
      () =>
        rules
          .status()
          .reduce((most, { owned, lagMs }) => Math.max(most, owned ? lagMs / 1000 : 0), 0),
    ),
  ];
}
