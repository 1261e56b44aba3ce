/** An ack rule as a row. */

import type { Principal } from "../../../core/access/caller.ts";
import { Grants, parseGrant, renderGrant } from "../../../core/access/grant.ts";
import type { AckRule, AckRuleConfig } from "../rule.ts";
import { ackRules, type StoredConfig, type StoredCreator } from "./tables.ts";

export const ruleColumns = {
  number: ackRules.number,
  life: ackRules.life,
  name: ackRules.name,
  config: ackRules.config,
  creator: ackRules.creator,
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
  creator,
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
    creator: creator === null ? undefined : creatorFromJson(creator),
  };
}

export function creatorToJson({ kind, id, name, grants }: Principal): StoredCreator {
  return { kind, id, name, grants: grants.list.map(renderGrant) };
}

function creatorFromJson({ grants, ...creator }: StoredCreator): Principal {
  return { ...creator, grants: new Grants(grants.map((grant) => parseGrant(grant))) };
}
