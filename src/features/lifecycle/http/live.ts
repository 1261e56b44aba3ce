/** Lifecycle events as they come: of one message or of one app, by SSE and by WebSocket. */
import type { Context, Hono } from "hono";
import { lifecycleTopic, parseEventId } from "../event.ts";
import { FilteredSubscriber } from "../../../http/filtered.ts";
import { AppFormats, messageFormats, type EventFormats } from "./format.ts";
import { checkOrigin } from "../../../http/origin.ts";
import type { HttpDeps } from "../../../http/deps.ts";
import { sseResponse } from "../../../http/streaming.ts";
import { parseStart, topicStart } from "../../../http/start.ts";
import { watchBySocket } from "../../../http/watch-socket.ts";

/** A key of the topic, or all of it in formats that leave out the rest. */
interface Watched {
  readonly key: string | undefined;
  readonly formats: EventFormats;
}

type LiveDeps = Pick<HttpDeps, "hub" | "host" | "log" | "clock" | "origins">;

export function mountLifecycleLive(app: Hono, deps: LiveDeps): void {
  const apps = new AppFormats();
  const ofMessage = (c: Context): Watched => ({
    key: parseEventId("message_id", c.req.param("message_id")),
    formats: messageFormats,
  });
  const ofApp = (c: Context): Watched => ({
    key: undefined,
    formats: apps.of(parseEventId("app_id", c.req.param("app_id"))),
  });
  app.get("/sse/messages/:message_id", (c) => sse(c, deps, ofMessage(c)));
  app.get("/ws/messages/:message_id", (c) => ws(c, deps, ofMessage(c)));
  app.get("/sse/apps/:app_id/messages", (c) => sse(c, deps, ofApp(c)));
  app.get("/ws/apps/:app_id/messages", (c) => ws(c, deps, ofApp(c)));
}

async function sse(c: Context, deps: LiveDeps, { key, formats }: Watched): Promise<Response> {
  const query = new URL(c.req.url).searchParams;
  const requested = parseStart(c.req.header("last-event-id"), query);
  const start = await topicStart(deps.log, lifecycleTopic, key, requested);
  return await sseResponse(deps, lifecycleTopic, key, start, (face) => {
    return new FilteredSubscriber(face, formats.sse, deps.clock);
  });
}

function ws(c: Context, deps: LiveDeps, { key, formats }: Watched): Response {
  checkOrigin(c.req.raw, deps.origins);
  return watchBySocket(c, deps, { topic: lifecycleTopic, key, format: formats.ws });
}
