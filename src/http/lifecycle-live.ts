/** Lifecycle events as they come: of one message or of one app, by SSE and by WebSocket. */
import type { Context, Hono } from "hono";
import { lifecycleTopic, parseEventId } from "../core/lifecycle-event.ts";
import { FilteredSubscriber } from "./filtered.ts";
import { AppFormats, messageFormats, type EventFormats } from "./lifecycle-format.ts";
import { LiveSocket } from "./live-socket.ts";
import { checkOrigin } from "./origin.ts";
import type { HttpParts } from "./parts.ts";
import { parseStart } from "./start.ts";
import { sseResponse } from "./streaming.ts";
import { topicStart } from "./topics.ts";

/** A key of the topic, or all of it in formats that leave out the rest. */
interface Watched {
  readonly key: string | undefined;
  readonly formats: EventFormats;
}

export function mountLifecycleLive(app: Hono, parts: HttpParts): void {
  const apps = new AppFormats();
  const ofMessage = (c: Context): Watched => ({
    key: parseEventId("message_id", c.req.param("message_id")),
    formats: messageFormats,
  });
  const ofApp = (c: Context): Watched => ({
    key: undefined,
    formats: apps.of(parseEventId("app_id", c.req.param("app_id"))),
  });
  app.get("/sse/messages/:message_id", (c) => sse(c, parts, ofMessage(c)));
  app.get("/ws/messages/:message_id", (c) => ws(c, parts, ofMessage(c)));
  app.get("/sse/apps/:app_id/messages", (c) => sse(c, parts, ofApp(c)));
  app.get("/ws/apps/:app_id/messages", (c) => ws(c, parts, ofApp(c)));
}

async function sse(c: Context, parts: HttpParts, { key, formats }: Watched): Promise<Response> {
  const query = new URL(c.req.url).searchParams;
  const lastEventId = c.req.header("last-event-id");
  const start = await topicStart(parts, lifecycleTopic, key, lastEventId, query);
  return await sseResponse(parts, lifecycleTopic, key, start, (face) => {
    return new FilteredSubscriber(face, formats.sse, parts.clock);
  });
}

function ws(c: Context, parts: HttpParts, { key, formats }: Watched): Response {
  checkOrigin(c.req.raw, parts.origins);
  const query = new URL(c.req.url).searchParams;
  // Before the handshake: what is wrong with it can still be told with a status.
  parseStart(undefined, query);
  return parts.host.upgrade(c.req.raw, (socket) => {
    const live = new LiveSocket(socket);
    const subscriber = new FilteredSubscriber(live, formats.ws, parts.clock);
    void live.open(async (confirm) => {
      const wanted = await topicStart(parts, lifecycleTopic, key, undefined, query);
      const position = await parts.hub.livePosition(lifecycleTopic);
      const start = wanted === "live" ? position : wanted;
      confirm(typeof start === "string" ? undefined : start);
      return await parts.hub.subscribe(lifecycleTopic, key, start, subscriber);
    });
    return live;
  });
}
