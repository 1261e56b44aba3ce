/** Lifecycle events as they come: of one message or of one app, by SSE and by WebSocket. */

import type { Hono } from "hono";
import type { Caller } from "../../../core/access/caller.ts";
import { callerOf } from "../../../http/access.ts";
import type { HttpDeps } from "../../../http/deps.ts";
import { serve } from "../../../http/endpoint/endpoint.ts";
import { requestedStart } from "../../../http/endpoint/starting.ts";
import { FilteredSubscriber } from "../../../http/filtered.ts";
import type { SocketTarget } from "../../../http/live/target.ts";
import { checkOrigin } from "../../../http/origin.ts";
import { sseResponse, topicStart } from "../../../http/streaming.ts";
import { watchBySocket } from "../../../http/watch-socket.ts";
import type { RequestedStart } from "../../../hub/subscriber.ts";
import { lifecycleTopic, parseEventId } from "../event.ts";
import * as endpoints from "./event-endpoints.ts";
import type { AppFormats, EventFormats } from "./format.ts";

interface LiveDeps extends Pick<
  HttpDeps,
  "hub" | "host" | "sockets" | "pages" | "log" | "clock" | "origins"
> {
  readonly apps: AppFormats;
}

/** A key of the topic, or all of it in formats that leave out the rest. */
interface Watched {
  readonly key: string | undefined;
  readonly formats: EventFormats;
}

/** What sockets can watch: a message, an app. */
export function lifecycleTargets(apps: AppFormats): readonly SocketTarget[] {
  return [
    {
      kind: "message",
      watch(name, caller) {
        caller.requireAny("read", "app");
        const key = parseEventId("message", name);
        return { topic: lifecycleTopic, key, show: apps.readBy(caller).show };
      },
    },
    {
      kind: "app",
      watch(name, caller) {
        const appId = parseEventId("app", name);
        caller.require("read", "app", appId);
        return { topic: lifecycleTopic, key: undefined, show: apps.of(appId).show };
      },
    },
  ];
}

export function mountLifecycleLive(app: Hono, deps: LiveDeps): void {
  const { apps } = deps;
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
