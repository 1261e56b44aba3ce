/** Ack rules: an ack is appended once an id was seen in all topics of a rule. */

import type { Principals } from "../../core/access/principals.ts";
import type { RecordDecoder } from "../../core/schemas.ts";
import type { Part, Platform } from "../part.ts";
import { AckRules } from "./ack-rules.ts";
import { ackRuleEndpoints } from "./http/endpoints.ts";
import { mountAckRules } from "./http/routes.ts";
import { ackRuleMetrics } from "./metrics.ts";
import { appendAcks, outputSettings } from "./output.ts";
import { createAckLedger } from "./store/ledger.ts";
import { createAckRuleStore } from "./store/rule-store.ts";

export interface AckRulesOptions {
  readonly schemas: RecordDecoder;
  /** Number of rules that there may be. */
  readonly rulesMax: number;
  readonly principals: Principals;
}

export function openAckRules(
  platform: Platform,
  { schemas, rulesMax, principals }: AckRulesOptions,
): Part {
  const { database, ingest, newTopics, rules } = platform;
  const ackRules = new AckRules({
    ...platform,
    append: appendAcks(ingest.from("internal").creating(outputSettings(newTopics))),
    topicRules: rules,
    principals,
    rulesMax,
    rules: createAckRuleStore(database),
    store: createAckLedger(database),
    decoder: schemas,
  });
  return {
    name: "ack-rules",
    http: (app) => mountAckRules(app, { ...platform, ackRules }),
    endpoints: ackRuleEndpoints,
    tables: ["ack_ids"],
    status: () => ({ ack_rules: ackRules.status() }),
    metrics: ackRuleMetrics(ackRules),
    close: () => ackRules.close(),
  };
}
