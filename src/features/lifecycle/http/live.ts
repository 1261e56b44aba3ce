/** Lifecycle events as they come: of one message or of one app, by SSE and by WebSocket. */
import type { Context, Hono } from "hono";
import { lifecycleTopic, parseEventId } from "../event.ts";
import { FilteredSubscriber } from "../../../http/filtered.ts";
import { AppFormats, messageFormats, type EventFormats } from "./format.ts";
import { checkOrigin } from "../../../http/origin.ts";
import type { HttpParts } from "../../../http/parts.ts";
import { sseResponse } from "../../../http/streaming.ts";
import { topicStart } from "../../topics/http/routes.ts";
import { watchBySocket } from "../../../http/watch-socket.ts";

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
  return watchBySocket(c, parts, { topic: lifecycleTopic, key, format: formats.ws });
}
