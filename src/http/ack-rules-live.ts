/** What of a rule gets overdue, as it does: by SSE and by WebSocket. */
import type { Context, Hono } from "hono";
import { overdueTopic } from "../core/ack-rules.ts";
import { Failure } from "../core/failure.ts";
import { parseName } from "../core/topic.ts";
import { FilteredSubscriber } from "./filtered.ts";
import { LiveSocket } from "./live-socket.ts";
import { checkOrigin } from "./origin.ts";
import type { HttpParts } from "./parts.ts";
import { parseStart } from "./start.ts";
import { sseResponse } from "./streaming.ts";
import { topicStart } from "./topics.ts";
import { wsFormat } from "./ws-messages.ts";

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
    const query = new URL(c.req.url).searchParams;
    // Before the handshake: what is wrong with it can still be told with a status.
    parseStart(undefined, query);
    return parts.host.upgrade(c.req.raw, (socket) => {
      const live = new LiveSocket(socket);
      const subscriber = new FilteredSubscriber(live, wsFormat, parts.clock);
      void live.open(async (confirm) => {
        const wanted = await topicStart(parts, topic, key, undefined, query);
        const position = await parts.hub.livePosition(topic);
        const start = wanted === "live" ? position : wanted;
        confirm(typeof start === "string" ? undefined : start);
        return await parts.hub.subscribe(topic, key, start, subscriber);
      });
      return live;
    });
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
