/** The ids of one rule: lists by state, and combinations. */

import type { Hono } from "hono";
import { cutList } from "../../../core/page.ts";
import { renderTime } from "../../../core/time.ts";
import { callerOf } from "../../../http/access.ts";
import type { HttpDeps } from "../../../http/deps.ts";
import { reply, serve } from "../../../http/endpoint/endpoint.ts";
import type { AckRules } from "../ack-rules.ts";
import { type Combination, combinationsOf } from "../combinations.ts";
import { figuresOf } from "../figures.ts";
import type { AckQueryStore } from "../queries.ts";
import * as endpoints from "./id-endpoints.ts";
import { idToken } from "./id-token.ts";
import { describeId } from "./shown-id.ts";

interface IdsDeps extends Pick<HttpDeps, "clock" | "log" | "turns"> {
  readonly ackRules: AckRules;
  readonly queries: AckQueryStore;
}

export function mountIds(app: Hono, deps: IdsDeps): void {
  const { ackRules, queries, clock } = deps;
  serve(app, endpoints.listIds, async ({ params: { name }, query }, c) => {
    const rule = await ackRules.readable(name, callerOf(c.req.raw));
    const { id, limit, ...asked } = query;
    if (id !== undefined) {
      const known = await ackRules.message(rule, id);
      const messages = known === undefined ? [] : [describeId(rule, known)];
      return reply(endpoints.listIds, 200, { messages, next: null });
    }
    const found = await queries.ids(rule, { ...asked, limit: limit + 1 });
    const { items, last } = cutList(found, limit);
    return reply(endpoints.listIds, 200, {
      messages: items.map((one) => describeId(rule, one)),
      next: last === undefined ? null : idToken(last),
    });
  });
  serve(app, endpoints.ruleCombinations, async ({ params: { name } }, c) => {
    const rule = await ackRules.readable(name, callerOf(c.req.raw));
    const found = await combinationsOf(queries, rule, clock.nowMs());
    const { counted, more, others, axis, combinations } = found;
    return reply(endpoints.ruleCombinations, 200, {
      counted,
      more,
      others,
      ...(axis === undefined
        ? {}
        : { time_left: { from_ms: axis.fromMs, cell_ms: axis.cellMs, cells: axis.cells } }),
      combinations: combinations.map(describeCombination),
    });
  });
  serve(app, endpoints.ruleFigures, async ({ params: { name }, query: given }, c) => {
    const rule = await ackRules.readable(name, callerOf(c.req.raw));
    const query = endpoints.figuresQuery(given, clock.nowMs());
    const found = await figuresOf(deps, rule, query, c.req.raw.signal);
    const { cellMs, acks, seen, delays, histogram, read, readUntilMs } = found;
    return reply(endpoints.ruleFigures, 200, {
      since: isoTime(query.sinceMs),
      until: isoTime(query.untilMs),
      cell_ms: cellMs,
      acks,
      seen: Object.fromEntries(seen),
      delay_ms: delays ?? null,
      delays: histogram.map(({ fromMs, toMs, count }) => ({ from_ms: fromMs, to_ms: toMs, count })),
      read,
      ...(readUntilMs === undefined ? {} : { read_until: isoTime(readUntilMs) }),
    });
  });
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

function describeCombination({ timeLeft, oldest, ...others }: Combination) {
  return {
    ...others,
    oldest: { message_id: oldest.id, first_seen: renderTime(oldest.ns) },
    ...(timeLeft === undefined ? {} : { time_left: timeLeft }),
  };
}
