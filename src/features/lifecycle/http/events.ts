/** Lifecycle events in: one, many, and random ones to try it with. */

import type { Hono } from "hono";
import { callerOf } from "../../../http/access.ts";
import type { HttpDeps } from "../../../http/deps.ts";
import { appendOptions, appendOptionsFrom } from "../../../http/endpoint/appending.ts";
import { reply, serve } from "../../../http/endpoint/endpoint.ts";
import { type HotRoute, mountHot } from "../../../http/hot.ts";
import { checkSite } from "../../../http/origin.ts";
import { acceptedResponse, takenResponse } from "../../../http/responses.ts";
import type { EventIntake } from "../intake.ts";
import type { LifecycleQueries } from "../lifecycle-queries.ts";
import { sampleEvent, sampleLife } from "../sample-events.ts";
import * as endpoints from "./event-endpoints.ts";

/** A hundred thousand events are larger than what one record may be several times over. */
const bulkBodies = 4;

const utf8 = new TextEncoder();

interface EventDeps extends Pick<HttpDeps, "clock" | "bodies" | "turns" | "origins"> {
  readonly events: EventIntake;
}

/** Each answers once its events are durable. */
export function lifecycleEventRoutes({
  events,
  clock,
  bodies,
  origins,
}: EventDeps): readonly HotRoute[] {
  const one = async (request: Request) => {
    const body = await bodies.read(request, Math.min(events.recordBytesMax, bodies.bytesMax));
    const by = callerOf(request);
    return acceptedResponse(1, await events.take(body, by, appendOptionsFrom(request.headers)));
  };
  const random = async (request: Request) => {
    checkSite(request, origins);
    const createdNs = clock.nowNs();
    const sample = sampleEvent(createdNs);
    const json = JSON.stringify(sample);
    const { app_id: appId, message_id: messageId, event } = sample;
    const given = { appId, messageId, event, createdNs, externalId: undefined };
    const position = await events.takeOwn(given, utf8.encode(json), callerOf(request));
    return acceptedResponse(1, position, `,"event":${json}`);
  };
  return [
    { endpoint: endpoints.takeEvent, handle: one },
    { endpoint: endpoints.createEvent, handle: one },
    { endpoint: endpoints.createRandomEvent, handle: random },
  ];
}

export function mountLifecycleEvents(
  app: Hono,
  deps: EventDeps & { readonly lifecycles: LifecycleQueries },
): void {
  const { events, clock, bodies, turns, origins, lifecycles } = deps;
  mountHot(app, lifecycleEventRoutes(deps));

  serve(app, endpoints.takeEvents, async ({ headers }, c) => {
    const body = await bodies.read(c.req.raw, bodies.bytesMax * bulkBodies);
    const turn = turns.open(c.req.raw.signal);
    const by = callerOf(c.req.raw);
    return takenResponse(await events.takeBulk(body, turn, by, appendOptions(headers)));
  });
  serve(app, endpoints.createRandomEvents, async ({ query }, c) => {
    checkSite(c.req.raw, origins);
    const life = JSON.stringify(sampleLife(query.message_id, clock.nowNs()));
    const body = utf8.encode(`{"events":${life}}`);
    const by = callerOf(c.req.raw);
    const { accepted: count, position } = await events.takeBulk(body, turns.open(), by);
    return acceptedResponse(count, position, `,"events":${life}`);
  });
  serve(app, endpoints.queueStats, async () => {
    const { taken, pending } = events.stats();
    const { behind, undecodable } = await lifecycles.progress();
    return reply(endpoints.queueStats, 200, {
      event_collector_queue: pending,
      event_store_queue: behind,
      events_taken: taken,
      events_undecodable: undecodable,
    });
  });
}
