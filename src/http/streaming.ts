/** A hub subscription as an SSE response: for emitters, topics, events and series. */

import type { Caller } from "../core/access/caller.ts";
import { failureFrom } from "../core/failure.ts";
import type { RecordFilter } from "../core/filter/record-filter.ts";
import type { Position } from "../core/position.ts";
import { type AsyncFormat, AsyncSubscriber } from "../hub/async-format.ts";
import type { RequestedStart, Start, Subscriber, Subscription } from "../hub/subscriber.ts";
import type { Pages } from "../log/pages.ts";
import type { HttpDeps } from "./deps.ts";
import { filteredFormat, QuietTarget } from "./filter/stream.ts";
import { type HeartbeatStyle, sseHeaders, SseSubscriber, withHeartbeats } from "./sse.ts";

/** Whom a stream is for, and in which form. */
export interface Reader {
  /** The stream ends when its credential does. It may read what it gets: that was asked before. */
  readonly caller: Caller;
  readonly heartbeats?: HeartbeatStyle | undefined;
}

interface Formatted {
  readonly format: AsyncFormat<Uint8Array>;
  readonly filter?: RecordFilter | undefined;
}

interface Filter {
  readonly through?: (subscriber: SseSubscriber) => Subscriber;
}

/**
 * Answers with the stream of a topic, or of one key of it. The start becomes a position before the
 * answer, so that what is appended once the client has its headers is not missed. Throws what the
 * hub throws for a topic that cannot be read. `through` filters what the response gets of the topic.
 */
export async function sseResponse(
  { hub, host }: Pick<HttpDeps, "hub" | "host">,
  topic: string,
  key: string | undefined,
  wanted: Start,
  { through = (subscriber) => subscriber, ...reader }: Reader & Filter,
): Promise<Response> {
  const live = await hub.livePosition(topic);
  const start = wanted === "live" ? live : wanted;
  return respond(host, { start, ...reader }, (subscriber) =>
    hub.subscribe(topic, key, start, through(subscriber)),
  );
}

/** The same in a format that may take time to render, or of the records that match alone. */
export async function asyncFormatSseResponse(
  { hub, host, log, clock }: Pick<HttpDeps, "hub" | "host" | "log" | "clock">,
  topic: string,
  key: string | undefined,
  wanted: Start,
  { format, filter, ...reader }: Reader & Formatted,
): Promise<Response> {
  const start = await startPosition({ hub, log }, topic, wanted);
  const styled = withHeartbeats(format, reader.heartbeats ?? "id");
  return respond(host, { start, ...reader }, async (subscriber) => {
    const late =
      filter === undefined
        ? new AsyncSubscriber(subscriber, styled, start)
        : new AsyncSubscriber(
            new QuietTarget(subscriber, clock),
            filteredFormat(filter, ({ chunk }) => styled.render(chunk)),
            start,
          );
    late.attach(await hub.subscribe(topic, key, start, late));
    return late;
  });
}

/** A subscriber whose bytes take time to render needs a position before the first of them. */
export async function startPosition(
  { hub, log }: Pick<HttpDeps, "hub" | "log">,
  topic: string,
  wanted: Start,
): Promise<Position> {
  const live = await hub.livePosition(topic);
  if (wanted === "live") return live;
  return wanted === "earliest" ? (await log.bounds(topic)).start : wanted;
}

/** Where to start on a topic, or one key of it. `signal` aborts when the caller leaves. */
export async function topicStart(
  pages: Pick<Pages, "tailStart">,
  topic: string,
  key: string | undefined,
  requested: RequestedStart,
  signal?: AbortSignal,
): Promise<Start> {
  if (typeof requested === "string" || !("tail" in requested)) return requested;
  return await pages.tailStart(topic, key, requested.tail, signal);
}

type Subscribe = (subscriber: SseSubscriber) => Promise<Subscription>;

interface Opening extends Reader {
  readonly start: Position | "earliest";
}

function respond(
  host: HttpDeps["host"],
  { start, caller, heartbeats }: Opening,
  subscribe: Subscribe,
): Response {
  // Not counted yet: the body is never opened for HEAD, nor for a client that leaves before it.
  caller.allowance?.requireStream();
  return host.stream(
    (sink) => {
      const subscriber = new SseSubscriber(sink, caller, heartbeats);
      void open(subscriber, { start, caller }, subscribe);
      return subscriber;
    },
    { headers: sseHeaders },
  );
}

async function open(
  subscriber: SseSubscriber,
  { start, caller }: Opening,
  subscribe: Subscribe,
): Promise<void> {
  subscriber.open(typeof start === "string" ? undefined : start);
  try {
    const { allowance } = caller;
    if (allowance !== undefined) subscriber.counted(allowance.openStream());
    subscriber.attach(await subscribe(subscriber));
  } catch (error) {
    subscriber.fail(failureFrom(error));
  }
}
