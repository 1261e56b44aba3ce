/** An address that is watched by WebSocket: from the handshake to its one subscription. */
import type { Context } from "hono";
import type { Format } from "../hub/chunk.ts";
import { FilteredSubscriber } from "./filtered.ts";
import { LiveSocket } from "./live-socket.ts";
import type { HttpDeps } from "./deps.ts";
import { parseStart, topicStart } from "./start.ts";

export interface WatchedTopic {
  readonly topic: string;
  readonly key: string | undefined;
  readonly format: Format<string | undefined>;
}

export type SocketDeps = Pick<HttpDeps, "hub" | "host" | "log" | "clock">;

/** Whether the page that asks may do so has been checked before. */
export function watchBySocket(
  c: Context,
  { hub, host, log, clock }: SocketDeps,
  { topic, key, format }: WatchedTopic,
): Response {
  const query = new URL(c.req.url).searchParams;
  // Before the handshake: what is wrong with it can still be told with a status.
  const requested = parseStart(undefined, query);
  return host.upgrade(c.req.raw, (socket) => {
    const subscription = new LiveSocket(socket);
    const subscriber = new FilteredSubscriber(subscription, format, clock);
    void subscription.open(async (confirm) => {
      const from = await topicStart(log, topic, key, requested);
      const live = await hub.livePosition(topic);
      const start = from === "live" ? live : from;
      confirm(typeof start === "string" ? undefined : start);
      return await hub.subscribe(topic, key, start, subscriber);
    });
    return subscription;
  });
}
