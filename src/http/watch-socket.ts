/** An address that is watched by WebSocket: from the handshake to its one subscription. */

import type { Format } from "../hub/chunk.ts";
import type { RequestedStart } from "../hub/subscriber.ts";
import type { HttpDeps } from "./deps.ts";
import { FilteredSubscriber } from "./filtered.ts";
import { LiveSocket } from "./live-socket.ts";
import { topicStart } from "./streaming.ts";

export interface WatchedTopic {
  readonly topic: string;
  readonly key: string | undefined;
  readonly requested: RequestedStart;
  readonly format: Format<string | undefined>;
}

export type SocketDeps = Pick<HttpDeps, "hub" | "sockets" | "pages" | "clock">;

/** The caller has checked the request's origin. */
export function watchBySocket(
  request: Request,
  { hub, sockets, pages, clock }: SocketDeps,
  { topic, key, requested, format }: WatchedTopic,
): Response {
  return sockets.upgrade(request, (socket) => {
    const subscription = new LiveSocket(socket);
    const subscriber = new FilteredSubscriber(subscription, format, clock);
    void subscription.open(async (confirm) => {
      const from = await topicStart(pages, topic, key, requested, subscription.signal);
      const live = await hub.livePosition(topic);
      const start = from === "live" ? live : from;
      confirm(typeof start === "string" ? undefined : start);
      return await hub.subscribe(topic, key, start, subscriber);
    });
    return subscription;
  });
}
