/**
 * What a rule needs of the one who created it: to read what it reads, and to append where it writes. It
 * is asked when the rule is created, and again whenever it runs, because a rule writes for its creator
 * for as long as it exists.
 */

import type { Caller, Principal } from "../../core/access/caller.ts";
import type { Principals } from "../../core/access/principals.ts";
import { failureFrom } from "../../core/failure.ts";
import type { TopicRules } from "../../ingest/topic-rules.ts";
import { type AckRule, type AckRuleConfig, overdueTopic } from "./rule.ts";

export type TopicRights = Pick<TopicRules, "isInternal" | "require" | "requireRead">;

/** Throws `forbidden` and `unauthenticated`. */
export function requireRights(rule: AckRuleConfig, by: Caller, topics: TopicRights): void {
  requireReading(rule, by, topics);
  for (const topic of outputsOf(rule)) {
    // Nobody may write acks to an internal topic, which is refused as what it is.
    if (!topics.isInternal(topic)) topics.require(topic, "append", by);
  }
}

/** To see ids is to read the topics that they come from. */
export function requireReading(
  { places }: AckRuleConfig,
  by: Caller,
  topics: Pick<TopicRights, "requireRead">,
): void {
  if ("topics" in places) {
    for (const topic of places.topics) topics.requireRead(topic, undefined, by);
  } else if (places.appId === undefined) by.requireAll("read", "app");
  else by.require("read", "app", places.appId);
}

/** Why the rule may not act now; undefined: it may. */
export function reasonWithoutRights(
  rule: AckRule,
  principals: Principals,
  topics: TopicRights,
): string | undefined {
  const { creator } = rule;
  // It was created where everybody might do everything.
  if (creator === undefined) return undefined;
  const by = principals.current(creator);
  if (by === undefined) {
    return `The credential of its creator "${creator.name}" was revoked or has expired: PUT the rule again with another one`;
  }
  try {
    requireRights(rule, by, topics);
    return undefined;
  } catch (error) {
    const { message } = failureFrom(error);
    return `Its creator may not do this any more: ${message}`;
  }
}

/** Whether a rule that `a` created acts as one that `b` created. */
export function isSameCreator(a: Principal | undefined, b: Principal | undefined): boolean {
  return a?.id === b?.id && JSON.stringify(a?.grants.list) === JSON.stringify(b?.grants.list);
}

function outputsOf({ output, deadlineMs }: AckRuleConfig): readonly string[] {
  return deadlineMs === undefined ? [output] : [output, overdueTopic(output)];
}
