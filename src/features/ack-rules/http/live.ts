/** What of a rule gets overdue, as it does: by SSE and by WebSocket. */
import type { Context, Hono } from "hono";
import { overdueTopic } from "../rule.ts";
import { Failure } from "../../../core/failure.ts";
import { parseName } from "../../../core/topic.ts";
import { checkOrigin } from "../../../http/origin.ts";
import type { HttpDeps } from "../../../http/deps.ts";
import { sseResponse } from "../../../http/streaming.ts";
import { parseStart, topicStart } from "../../../http/start.ts";
import type { AckRules } from "../ack-rules.ts";
import { watchBySocket } from "../../../http/watch-socket.ts";
import { wsFormat } from "../../../http/ws-messages.ts";

interface LiveDeps extends Pick<HttpDeps, "hub" | "host" | "log" | "clock" | "origins"> {
  readonly ackRules: AckRules;
}

export function mountAckRulesLive(app: Hono, deps: LiveDeps): void {
  app.get("/sse/ack-rules/:name/overdue", async (c) => {
    const { topic, key } = await watched(c, deps);
    const query = new URL(c.req.url).searchParams;
    const requested = parseStart(c.req.header("last-event-id"), query);
    const start = await topicStart(deps.log, topic, key, requested);
    return sseResponse(deps, topic, key, start);
  });
  app.get("/ws/ack-rules/:name/overdue", async (c) => {
    checkOrigin(c.req.raw, deps.origins);
    const { topic, key } = await watched(c, deps);
    return watchBySocket(c, deps, { topic, key, format: wsFormat });
  });
}

/** Rules may share the topic: each is a key of it. Throws `not_found`. */
async function watched(
  c: Context,
  { ackRules }: LiveDeps,
): Promise<{ readonly topic: string; readonly key: string }> {
  const rule = await ackRules.get(parseName(c.req.param("name") ?? "", "name"));
  if (rule.deadlineMs !== undefined) return { topic: overdueTopic(rule.output), key: rule.name };
  throw new Failure(
    "not_found",
    `Ack rule "${rule.name}" has no deadline: nothing of it gets overdue`,
  );
}
