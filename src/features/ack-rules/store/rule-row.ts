/** An ack rule as a row. */

import type { AckRule, AckRuleConfig } from "../rule.ts";
import { ackRules, type StoredConfig } from "./tables.ts";

export const ruleColumns = {
  number: ackRules.number,
  life: ackRules.life,
  name: ackRules.name,
  config: ackRules.config,
  madeAt: ackRules.madeAt,
};

export const countColumns = {
  complete: ackRules.complete,
  late: ackRules.late,
  open: ackRules.open,
  overdue: ackRules.overdue,
  forgotten: ackRules.forgotten,
  duplicates: ackRules.duplicates,
  withoutId: ackRules.withoutId,
};

/** JSON has no undefined: members without a value are left out. */
export function configToJson(config: AckRuleConfig): StoredConfig {
  const { places, output, deadlineMs, keepMs, from } = config;
  return {
    ...("topics" in places ? { topics: places.topics, id: places.id } : {}),
    ...("events" in places ? { events: places.events } : {}),
    ...("events" in places && places.appId !== undefined ? { app_id: places.appId } : {}),
    output,
    ...(deadlineMs === undefined ? {} : { deadline_ms: deadlineMs }),
    keep_ms: keepMs,
    from,
  };
}

export function ruleFromRow({
  number,
  life,
  name,
  config,
  madeAt,
}: Pick<typeof ackRules.$inferSelect, keyof typeof ruleColumns>): AckRule {
  const { topics, id = { pointer: "/message_id" }, events = [], app_id } = config;
  return {
    number,
    life,
    name,
    places: topics === undefined ? { events, appId: app_id } : { topics, id },
    output: config.output,
    deadlineMs: config.deadline_ms,
    keepMs: config.keep_ms,
    from: config.from,
    madeMs: madeAt.getTime(),
  };
}
