/** An ack rule as a row. */

import type { Principal } from "../../../core/access/caller.ts";
import { Grants, parseGrant, renderGrant } from "../../../core/access/grant.ts";
import { type AckRule, type AckRuleConfig, placeNames, type Settling } from "../rule.ts";
import { ackRules, type StoredConfig, type StoredCreator, type StoredSettling } from "./tables.ts";

export const ruleColumns = {
  number: ackRules.number,
  life: ackRules.life,
  name: ackRules.name,
  config: ackRules.config,
  creator: ackRules.creator,
  madeAt: ackRules.madeAt,
  revision: ackRules.revision,
  change: ackRules.change,
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
export function configToJson(config: AckRuleConfig, slots?: readonly number[]): StoredConfig {
  const { places, output, deadlineMs, keepMs, from } = config;
  return {
    ...("topics" in places ? { topics: places.topics, id: places.id } : {}),
    ...("events" in places ? { events: places.events } : {}),
    ...("events" in places && places.appId !== undefined ? { app_id: places.appId } : {}),
    output,
    ...(deadlineMs === undefined ? {} : { deadline_ms: deadlineMs }),
    keep_ms: keepMs,
    from,
    ...(slots === undefined ? {} : { slots }),
  };
}

export function ruleFromRow({
  number,
  life,
  name,
  config,
  creator,
  madeAt,
  revision,
  change,
}: Pick<typeof ackRules.$inferSelect, keyof typeof ruleColumns>): AckRule {
  const now = configFromJson(name, config);
  return {
    ...now,
    number,
    life,
    madeMs: madeAt.getTime(),
    creator: creator === null ? undefined : creatorFromJson(creator),
    revision,
    slots: config.slots ?? placeNames(now).map((_, place) => place),
    change: change === null ? undefined : configFromJson(name, change.config),
  };
}

export function configFromJson(name: string, config: StoredConfig): AckRuleConfig {
  const { topics, id = { pointer: "/message_id" }, events = [], app_id } = config;
  return {
    name,
    places: topics === undefined ? { events, appId: app_id } : { topics, id },
    output: config.output,
    deadlineMs: config.deadline_ms,
    keepMs: config.keep_ms,
    from: config.from,
  };
}

export function settlingFromJson({ after, keep_ms }: StoredSettling): Settling {
  return { after, keepMs: keep_ms };
}

/** Null: every id is settled. */
export function settlingToJson(settling: Settling | "done"): StoredSettling | null {
  return settling === "done" ? null : { after: settling.after, keep_ms: settling.keepMs };
}

export function creatorToJson({ kind, id, name, grants }: Principal): StoredCreator {
  return { kind, id, name, grants: grants.list.map(renderGrant) };
}

export function creatorFromJson({ grants, ...creator }: StoredCreator): Principal {
  return { ...creator, grants: new Grants(grants.map((grant) => parseGrant(grant))) };
}
