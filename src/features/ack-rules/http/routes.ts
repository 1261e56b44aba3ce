/** Ack rules: created by PUT, their figures, what is overdue, and what is known of one id. */

import type { Hono } from "hono";
import type { TopicFigures } from "../../../core/metrics/topic-figures.ts";
import { cutList } from "../../../core/page.ts";
import { callerOf } from "../../../http/access.ts";
import type { HttpDeps } from "../../../http/deps.ts";
import { reply, serve } from "../../../http/endpoint/endpoint.ts";
import { readJson } from "../../../http/validate.ts";
import type { LifecycleQueries } from "../../lifecycle/lifecycle-queries.ts";
import type { AckRules } from "../ack-rules.ts";
import type { AckQueryStore } from "../queries.ts";
import type { AckCounts, AckRule } from "../rule.ts";
import { ackRuleFrom } from "./body.ts";
import * as endpoints from "./endpoints.ts";
import { idToken } from "./id-token.ts";
import { mountIds } from "./ids.ts";
import { mountAckRulesLive } from "./live.ts";
import { mountOverdue } from "./overdue.ts";
import { describeId } from "./shown-id.ts";
import { describeLag } from "./shown-lag.ts";

interface AckRuleDeps extends Pick<
  HttpDeps,
  | "hub"
  | "host"
  | "sockets"
  | "pages"
  | "log"
  | "clock"
  | "origins"
  | "bodies"
  | "turns"
  | "answers"
  | "stallMs"
> {
  readonly ackRules: AckRules;
  readonly queries: AckQueryStore;
  readonly lifecycles: LifecycleQueries;
  readonly figures: () => Pick<TopicFigures, "consumers">;
}

export function mountAckRules(app: Hono, deps: AckRuleDeps): void {
  const { ackRules, bodies, queries } = deps;
  const describe = (rule: AckRule) => describeRule(rule, ackRules.reasonStopped(rule));
  const lagsOf = async () => await deps.figures().consumers();

  serve(app, endpoints.listRules, async ({ query }, c) => {
    const by = callerOf(c.req.raw);
    const { rules, next } = await ackRules.list(query, by);
    const readable = rules.filter((rule) => ackRules.mayRead(rule, by));
    const [counts, lags] = await Promise.all([
      queries.countsOf(readable.map(({ number }) => number)),
      lagsOf(),
    ]);
    return reply(endpoints.listRules, 200, {
      ack_rules: rules.map((rule) => ({
        ...describe(rule),
        ...describeCounts(counts.get(rule.number)),
        ...(readable.includes(rule) ? { lag: describeLag(rule, lags) } : {}),
      })),
      next,
    });
  });
  serve(app, endpoints.createRule, async ({ params: { name } }, c) => {
    const given = await readJson(endpoints.ruleBody, c.req.raw, bodies);
    const { created, rule } = await ackRules.put(ackRuleFrom(name, given), callerOf(c.req.raw));
    return reply(endpoints.createRule, created ? 201 : 200, describe(rule));
  });
  serve(app, endpoints.previewChange, async ({ params: { name } }, c) => {
    const given = await readJson(endpoints.ruleBody, c.req.raw, bodies);
    const config = ackRuleFrom(name, given);
    const { changes, effects } = await ackRules.preview(config, callerOf(c.req.raw));
    return reply(endpoints.previewChange, 200, {
      changes,
      counted: effects.counted,
      more: effects.more,
      forgotten_sightings: Object.fromEntries(effects.sightings),
      forgotten_ids: effects.forgotten,
      completed_ids: effects.completed,
      waiting_ids: effects.waiting,
      overdue_ids: effects.overdue,
      reopened_ids: effects.reopened,
    });
  });
  serve(app, endpoints.describeRule, async ({ params: { name } }, c) => {
    const rule = await ackRules.get(name);
    const isReadable = ackRules.mayRead(rule, callerOf(c.req.raw));
    const lag = isReadable ? { lag: describeLag(rule, await lagsOf()) } : {};
    return reply(endpoints.describeRule, 200, { ...describe(rule), ...lag });
  });
  serve(app, endpoints.removeRule, async ({ params: { name } }, c) => {
    await ackRules.remove(name, callerOf(c.req.raw));
    return c.body(null, 204);
  });
  serve(app, endpoints.ruleStats, async ({ params: { name } }, c) => {
    const { counts, delays, overdueIds } = await ackRules.stats(name, callerOf(c.req.raw));
    const { withoutId, ...others } = counts;
    return reply(endpoints.ruleStats, 200, {
      ...others,
      without_id: withoutId,
      delay_ms: delays,
      overdue_ids: overdueIds,
    });
  });
  serve(app, endpoints.listOverdue, async ({ params: { name }, query: { limit, after } }, c) => {
    const rule = await ackRules.readable(name, callerOf(c.req.raw));
    const found = await queries.ids(rule, { state: "overdue", after, limit: limit + 1 });
    const { items: ids, last } = cutList(found, limit);
    return reply(endpoints.listOverdue, 200, {
      overdue: ids.map((one) => describeId(rule, one)),
      next: last === undefined ? null : idToken(last),
    });
  });
  serve(app, endpoints.describeMessage, async ({ params: { name, id } }, c) => {
    const rule = await ackRules.readable(name, callerOf(c.req.raw));
    const known = await ackRules.message(rule, id);
    const shown = describeId(rule, known ?? { id, state: "unseen", seen: [] });
    return reply(endpoints.describeMessage, 200, shown);
  });
  mountIds(app, deps);
  mountOverdue(app, deps);
  mountAckRulesLive(app, deps);
}

/** Nothing where the caller may not read the rule's topics. */
function describeCounts(counts: AckCounts | undefined) {
  if (counts === undefined) return {};
  const { complete, late, open, overdue, forgotten } = counts;
  return { counts: { complete, late, open, overdue, forgotten } };
}

function describeRule(rule: AckRule, stopped: string | undefined) {
  const { name, places, output, deadlineMs, keepMs, from, madeMs, change } = rule;
  return {
    name,
    ...("topics" in places ? { topics: places.topics, id: places.id } : {}),
    ...("events" in places ? { events: places.events } : {}),
    ...("events" in places && places.appId !== undefined ? { app_id: places.appId } : {}),
    output,
    ...(deadlineMs === undefined ? {} : { deadline_ms: deadlineMs }),
    keep_ms: keepMs,
    from,
    created_at: new Date(madeMs).toISOString(),
    ...(change === undefined ? {} : { changing: true as const }),
    ...(stopped === undefined ? {} : { stopped }),
  };
}
