/** Lifecycle events as they come: of one message or of one app, by SSE and by WebSocket. */

import type { Hono } from "hono";
import type { Caller } from "../../../core/access/caller.ts";
import { callerOf } from "../../../http/access.ts";
import type { HttpDeps } from "../../../http/deps.ts";
import { serve } from "../../../http/endpoint/endpoint.ts";
import { requestedStart } from "../../../http/endpoint/starting.ts";
import { FilteredSubscriber } from "../../../http/filtered.ts";
import { checkOrigin } from "../../../http/origin.ts";
import { sseResponse, topicStart } from "../../../http/streaming.ts";
import { watchBySocket } from "../../../http/watch-socket.ts";
import type { RequestedStart } from "../../../hub/subscriber.ts";
import { lifecycleTopic } from "../event.ts";
import * as endpoints from "./event-endpoints.ts";
import { AppFormats, type EventFormats } from "./format.ts";

type LiveDeps = Pick<HttpDeps, "hub" | "host" | "sockets" | "pages" | "log" | "clock" | "origins">;

/** A key of the topic, or all of it in formats that leave out the rest. */
interface Watched {
  readonly key: string | undefined;
  readonly formats: EventFormats;
}

export function mountLifecycleLive(app: Hono, deps: LiveDeps): void {
  const apps = new AppFormats();
  const ofMessage = (messageId: string, by: Caller): Watched => {
    return { key: messageId, formats: apps.readBy(by) };
  };
  const ofApp = (appId: string): Watched => ({ key: undefined, formats: apps.of(appId) });

  serve(app, endpoints.watchMessage, ({ params, query, headers }, c) =>
    sse(
      c.req.raw,
      deps,
      ofMessage(params.message_id, callerOf(c.req.raw)),
      requestedStart(query, headers),
    ),
  );
  serve(app, endpoints.openMessageSocket, ({ params, query }, c) =>
    ws(c.req.raw, deps, ofMessage(params.message_id, callerOf(c.req.raw)), requestedStart(query)),
  );
  serve(app, endpoints.watchApp, ({ params, query, headers }, c) =>
    sse(c.req.raw, deps, ofApp(params.app_id), requestedStart(query, headers)),
  );
  serve(app, endpoints.openAppSocket, ({ params, query }, c) =>
    ws(c.req.raw, deps, ofApp(params.app_id), requestedStart(query)),
  );
}

async function sse(
  request: Request,
  deps: LiveDeps,
  { key, formats }: Watched,
  requested: RequestedStart,
): Promise<Response> {
  const start = await topicStart(deps.pages, lifecycleTopic, key, requested, request.signal);
  return await sseResponse(deps, lifecycleTopic, key, start, {
    caller: callerOf(request),
    through: (subscriber) => new FilteredSubscriber(subscriber, formats.sse, deps.clock),
  });
}

function ws(
  request: Request,
  deps: LiveDeps,
  { key, formats }: Watched,
  requested: RequestedStart,
): Response {
  checkOrigin(request, deps.origins);
  const format = formats.ws;
  return watchBySocket(request, deps, { topic: lifecycleTopic, key, requested, format });
}
