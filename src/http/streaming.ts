/** A hub subscription as an SSE response: what emitters and topics share. */
import { failureFrom } from "../core/failure.ts";
import type { Position } from "../core/position.ts";
import type { Start } from "../hub/subscriber.ts";
import type { HttpParts } from "./parts.ts";
import { SseSubscriber, sseHeaders } from "./sse.ts";

/**
 * Answers with the stream of a topic, or of one key of it. The start is made a position before
 * the answer, so that what is appended once the client has its headers is not missed.
 * Throws what the hub throws for a topic that cannot be read.
 */
export async function sseResponse(
  { hub, host }: Pick<HttpParts, "hub" | "host">,
  topic: string,
  key: string | undefined,
  wanted: Start,
): Promise<Response> {
  const live = await hub.livePosition(topic);
  const start = wanted === "live" ? live : wanted;
  return host.stream(
    (sink) => {
      const subscriber = new SseSubscriber(sink);
      void open(subscriber, () => hub.subscribe(topic, key, start, subscriber), start);
      return subscriber;
    },
    { headers: sseHeaders },
  );
}

async function open(
  subscriber: SseSubscriber,
  subscribe: () => ReturnType<HttpParts["hub"]["subscribe"]>,
  start: Position | "earliest" | "live",
): Promise<void> {
  subscriber.open(typeof start === "string" ? undefined : start);
  try {
    subscriber.attach(await subscribe());
  } catch (error) {
    subscriber.fail(failureFrom(error));
  }
}
