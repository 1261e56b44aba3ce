/** Ack rules: created by PUT, their figures, what is overdue, and what is known of one id. */

import type { Hono } from "hono";
import { cutList } from "../../../core/page.ts";
import { renderTime } from "../../../core/time.ts";
import { callerOf } from "../../../http/access.ts";
import type { HttpDeps } from "../../../http/deps.ts";
import { reply, serve } from "../../../http/endpoint/endpoint.ts";
import { readJson } from "../../../http/validate.ts";
import type { AckRules } from "../ack-rules.ts";
import { type AckId, type AckRule, placeNames } from "../rule.ts";
import { ackRuleFrom } from "./body.ts";
import * as endpoints from "./endpoints.ts";
import { mountAckRulesLive } from "./live.ts";
import { overdueToken } from "./overdue-token.ts";

interface AckRuleDeps extends Pick<
  HttpDeps,
  "hub" | "host" | "sockets" | "pages" | "log" | "clock" | "origins" | "bodies"
> {
  readonly ackRules: AckRules;
}

export function mountAckRules(app: Hono, deps: AckRuleDeps): void {
  const { ackRules, bodies } = deps;
  const describe = (rule: AckRule) => describeRule(rule, ackRules.reasonStopped(rule));

  serve(app, endpoints.listRules, async ({ query }, c) => {
    const { rules, next } = await ackRules.list(query, callerOf(c.req.raw));
    return reply(endpoints.listRules, 200, { ack_rules: rules.map(describe), next });
  });
  serve(app, endpoints.createRule, async ({ params: { name } }, c) => {
    const given = await readJson(endpoints.ruleBody, c.req.raw, bodies);
    const { created, rule } = await ackRules.put(ackRuleFrom(name, given), callerOf(c.req.raw));
    return reply(endpoints.createRule, created ? 201 : 200, describe(rule));
  });
  serve(app, endpoints.describeRule, async ({ params: { name } }) =>
    reply(endpoints.describeRule, 200, describe(await ackRules.get(name))),
  );
  serve(app, endpoints.removeRule, async ({ params: { name } }, c) => {
    await ackRules.remove(name, callerOf(c.req.raw));
    return c.body(null, 204);
  });
  serve(app, endpoints.ruleStats, async ({ params: { name } }, c) => {
    const { counts, delays, overdue } = await ackRules.stats(name, callerOf(c.req.raw));
    const { withoutId, ...others } = counts;
    return reply(endpoints.ruleStats, 200, {
      ...others,
      without_id: withoutId,
      delay_ms: delays,
      overdue_ids: overdue.map(({ id }) => id),
    });
  });
  serve(app, endpoints.listOverdue, async ({ params: { name }, query: { limit, after } }, c) => {
    const rule = await ackRules.readable(name, callerOf(c.req.raw));
    const found = await ackRules.overdue(rule, { after, limit });
    const { items: ids, last } = cutList(found, limit);
    return reply(endpoints.listOverdue, 200, {
      overdue: ids.map((one) => describeId(rule, one)),
      next: last === undefined ? null : overdueToken(last),
    });
  });
  serve(app, endpoints.describeMessage, async ({ params: { name, id } }, c) => {
    const rule = await ackRules.readable(name, callerOf(c.req.raw));
    const known = await ackRules.message(rule, id);
    const shown = describeId(rule, known ?? { id, state: "unseen", seen: [] });
    return reply(endpoints.describeMessage, 200, shown);
  });
  mountAckRulesLive(app, deps);
}

function describeRule(rule: AckRule, stopped: string | undefined) {
  const { name, places, output, deadlineMs, keepMs, from, madeMs } = rule;
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
    ...(stopped === undefined ? {} : { stopped }),
  };
}

interface ShownId extends Pick<AckId, "id" | "seen"> {
  readonly state: AckId["state"] | "unseen";
  readonly overdueMs?: number | undefined;
}

function describeId(rule: AckRule, { id, state, seen, overdueMs }: ShownId) {
  const places = placeNames(rule);
  const times = places.flatMap((place, i) => {
    const ns = seen[i];
    return ns === undefined ? [] : [[place, renderTime(ns)] as const];
  });
  return {
    message_id: id,
    state,
    missing: places.filter((_, i) => seen[i] === undefined),
    seen: Object.fromEntries(times),
    ...(overdueMs === undefined ? {} : { overdue_since: new Date(overdueMs).toISOString() }),
  };
}
