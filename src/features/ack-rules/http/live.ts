/** What gets overdue under a rule, as it does: by SSE and by WebSocket. */

import type { Hono } from "hono";
import type { Caller } from "../../../core/access/caller.ts";
import { Failure } from "../../../core/failure.ts";
import { callerOf } from "../../../http/access.ts";
import type { HttpDeps } from "../../../http/deps.ts";
import { serve } from "../../../http/endpoint/endpoint.ts";
import { requestedStart } from "../../../http/endpoint/starting.ts";
import { showAll, type SocketTarget } from "../../../http/live/target.ts";
import { checkOrigin } from "../../../http/origin.ts";
import { sseResponse, topicStart } from "../../../http/streaming.ts";
import { watchBySocket } from "../../../http/watch-socket.ts";
import { wsFormat } from "../../../http/ws-messages.ts";
import type { AckRules } from "../ack-rules.ts";
import { overdueTopic } from "../rule.ts";
import * as endpoints from "./endpoints.ts";

interface LiveDeps extends Pick<
  HttpDeps,
  "hub" | "host" | "sockets" | "pages" | "log" | "clock" | "origins"
> {
  readonly ackRules: AckRules;
}

export function ruleTarget(deps: Pick<LiveDeps, "ackRules">): SocketTarget {
  return {
    kind: "rule",
    watch: async (name, caller) => ({ ...(await watched(name, caller, deps)), show: showAll }),
  };
}

export function mountAckRulesLive(app: Hono, deps: LiveDeps): void {
  serve(app, endpoints.watchOverdue, async ({ params: { name }, query, headers }, c) => {
    const { topic, key } = await watched(name, callerOf(c.req.raw), deps);
    const requested = requestedStart(query, headers);
    const start = await topicStart(deps.pages, topic, key, requested, c.req.raw.signal);
    return await sseResponse(deps, topic, key, start, { caller: callerOf(c.req.raw) });
  });
  serve(app, endpoints.watchOverdueBySocket, async ({ params: { name }, query }, c) => {
    checkOrigin(c.req.raw, deps.origins);
    const { topic, key } = await watched(name, callerOf(c.req.raw), deps);
    const requested = requestedStart(query);
    return watchBySocket(c.req.raw, deps, { topic, key, requested, format: wsFormat });
  });
}

/** Rules may share the topic: each is a key of it. Throws `not_found`, `forbidden`. */
async function watched(
  name: string,
  by: Caller,
  { ackRules }: Pick<LiveDeps, "ackRules">,
): Promise<{ readonly topic: string; readonly key: string }> {
  const rule = await ackRules.readable(name, by);
  if (rule.deadlineMs !== undefined) return { topic: overdueTopic(rule.output), key: rule.name };
  throw new Failure(
    "not_found",
    `Ack rule "${rule.name}" has no deadline: none of its ids gets overdue`,
  );
}
