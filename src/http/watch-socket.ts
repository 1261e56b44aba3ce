/** An address that is watched by WebSocket: from the handshake to its one subscription. */
import type { Context } from "hono";
import type { Format } from "../hub/chunk.ts";
import { FilteredSubscriber } from "./filtered.ts";
import { LiveSocket } from "./live-socket.ts";
import type { HttpParts } from "./parts.ts";
import { parseStart } from "./start.ts";
import { topicStart } from "../features/topics/http/routes.ts";

export interface WatchedTopic {
  readonly topic: string;
  readonly key: string | undefined;
  readonly format: Format<string | undefined>;
}

/** Whether the page that asks may do so has been checked before. */
export function watchBySocket(
  c: Context,
  parts: HttpParts,
  { topic, key, format }: WatchedTopic,
): Response {
  const query = new URL(c.req.url).searchParams;
  // Before the handshake: what is wrong with it can still be told with a status.
  parseStart(undefined, query);
  return parts.host.upgrade(c.req.raw, (socket) => {
    const live = new LiveSocket(socket);
    const subscriber = new FilteredSubscriber(live, format, parts.clock);
    void live.open(async (confirm) => {
      const wanted = await topicStart(parts, topic, key, undefined, query);
      const position = await parts.hub.livePosition(topic);
      const start = wanted === "live" ? position : wanted;
      confirm(typeof start === "string" ? undefined : start);
      return await parts.hub.subscribe(topic, key, start, subscriber);
    });
    return live;
  });
}
