/** Ack rules: an ack is appended once an id was seen in all topics of a rule. */

import type { Principals } from "../../core/access/principals.ts";
import type { TopicFigures, TopicUse } from "../../core/metrics/topic-figures.ts";
import type { RecordDecoder } from "../../core/schemas.ts";
import type { LifecycleQueries } from "../lifecycle/lifecycle-queries.ts";
import type { Part, Platform } from "../part.ts";
import { AckRules } from "./ack-rules.ts";
import { ackRuleEndpoints } from "./http/endpoints.ts";
import { ruleTarget } from "./http/live.ts";
import { mountAckRules } from "./http/routes.ts";
import { ackRuleMetrics } from "./metrics.ts";
import { appendAcks, outputSettings } from "./output.ts";
import { ruleProblems } from "./problems.ts";
import { type AckRule, overdueTopic } from "./rule.ts";
import { createAckLedger } from "./store/ledger.ts";
import { createAckQueries } from "./store/queries.ts";
import { createAckRuleStore } from "./store/rule-store.ts";

export interface AckRulesOptions {
  readonly schemas: RecordDecoder;
  /** Number of rules that there may be. */
  readonly rulesMax: number;
  readonly principals: Principals;
  readonly lifecycles: LifecycleQueries;
  /** Called once all parts are open. */
  readonly figures: () => Pick<TopicFigures, "consumers">;
}

export function openAckRules(
  platform: Platform,
  { schemas, rulesMax, principals, lifecycles, figures }: AckRulesOptions,
): Part {
  const { database, ingest, newTopics, rules } = platform;
  const ackRuleStore = createAckRuleStore(database);
  const queries = createAckQueries(database);
  const ackRules = new AckRules({
    ...platform,
    append: appendAcks(ingest.from("internal").creating(outputSettings(newTopics))),
    topicRules: rules,
    principals,
    rulesMax,
    rules: ackRuleStore,
    store: createAckLedger(database),
    decoder: schemas,
  });
  const lags = () => ackRules.lags().map(({ rule, ...lag }) => ({ name: rule, ...lag }));
  return {
    name: "ack-rules",
    http: (app) => mountAckRules(app, { ...platform, ackRules, queries, lifecycles, figures }),
    socketTargets: [ruleTarget({ ackRules })],
    endpoints: ackRuleEndpoints,
    tables: ["ack_ids"],
    status: () => ({ ack_rules: ackRules.status() }),
    topicUses: async () => (await ackRuleStore.list()).flatMap(usesOf),
    lags,
    owns: () => ackRules.status().flatMap(({ rule, owned }) => (owned ? [`rule ${rule}`] : [])),
    problems: () => ruleProblems(ackRules.status(), lags()),
    metrics: ackRuleMetrics(ackRules),
    close: () => ackRules.close(),
  };
}

function usesOf({ name, places, output, deadlineMs }: AckRule): readonly TopicUse[] {
  const reads = "topics" in places ? places.topics : [];
  const writes = deadlineMs === undefined ? [output] : [output, overdueTopic(output)];
  return [
    ...reads.map((topic) => ({ topic, kind: "rule" as const, name, does: "reads" as const })),
    ...writes.map((topic) => ({ topic, kind: "rule" as const, name, does: "writes" as const })),
  ];
}
