/** What of a rule gets overdue, as it does: by SSE and by WebSocket. */
import type { Context, Hono } from "hono";
import { overdueTopic } from "../rule.ts";
import { Failure } from "../../../core/failure.ts";
import { parseName } from "../../../core/topic.ts";
import { checkOrigin } from "../../../http/origin.ts";
import type { HttpParts } from "../../../http/parts.ts";
import { sseResponse } from "../../../http/streaming.ts";
import { topicStart } from "../../topics/http/routes.ts";
import { watchBySocket } from "../../../http/watch-socket.ts";
import { wsFormat } from "../../../http/ws-messages.ts";

export function mountAckRulesLive(app: Hono, parts: HttpParts): void {
  app.get("/sse/ack-rules/:name/overdue", async (c) => {
    const { topic, key } = await watched(c, parts);
    const query = new URL(c.req.url).searchParams;
    const start = await topicStart(parts, topic, key, c.req.header("last-event-id"), query);
    return sseResponse(parts, topic, key, start);
  });
  app.get("/ws/ack-rules/:name/overdue", async (c) => {
    checkOrigin(c.req.raw, parts.origins);
    const { topic, key } = await watched(c, parts);
    return watchBySocket(c, parts, { topic, key, format: wsFormat });
  });
}

/** Rules may share the topic: each is a key of it. Throws `not_found`. */
async function watched(
  c: Context,
  { ackRules }: HttpParts,
): Promise<{ readonly topic: string; readonly key: string }> {
  const rule = await ackRules.get(parseName(c.req.param("name") ?? "", "name"));
  if (rule.deadlineMs !== undefined) return { topic: overdueTopic(rule.output), key: rule.name };
  throw new Failure(
    "not_found",
    `Ack rule "${rule.name}" has no deadline: nothing of it gets overdue`,
  );
}
