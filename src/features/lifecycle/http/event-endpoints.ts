/** Lifecycle events: how they come in, and how they are watched. */

import { z } from "zod";
import { needs } from "../../../http/access.ts";
import { json, jsonBody } from "../../../http/endpoint/answer.ts";
import { appended, appendedExample, appendHeaders } from "../../../http/endpoint/appending.ts";
import { endpoint } from "../../../http/endpoint/endpoint.ts";
import { countShape, issueShape, positionShape } from "../../../http/endpoint/shapes.ts";
import { switched } from "../../../http/endpoint/socket.ts";
import { lastEventId, startQuery } from "../../../http/endpoint/starting.ts";
import { eventStream } from "../../../http/endpoint/streams.ts";
import { oneSubscription } from "../../../http/ws-shapes.ts";
import { bulkMax } from "../intake.ts";
import { sampleApp } from "../sample-events.ts";
import { appId, idShape, messageId } from "./shapes.ts";

const tag = "Lifecycles";

/** For the document; `intake.ts` reads events by hand, and a test compares the two. */
export const eventShape = z
  .looseObject({
    app_id: idShape,
    message_id: idShape,
    event: idShape,
    created_at: z
      .string()
      .nullish()
      .describe(
        "RFC 3339, any offset, up to nine digits of a second. For any other text the time of receipt is taken, and the text is kept.",
      ),
    external_id: idShape.nullish(),
  })
  .describe("Members that are not named here are kept with it.");

export const bulkShape = z.looseObject({ events: z.array(eventShape).max(bulkMax) });

const event = {
  app_id: "shop",
  message_id: "order-4711",
  event: "CREATED",
  created_at: "2026-11-21T10:02:11.420Z",
};

const appendsToApps = needs("append", "app", { some: "the apps of the body" });
const appendsToSample = needs("append", "app", { name: sampleApp });
const readsApps = needs("read", "app", { some: "the apps of the message" });
const readsApp = needs("read", "app", { param: "app_id" });

const takesEvent = {
  tag,
  description: "The answer comes once the event is durable.",
  headers: appendHeaders,
  body: jsonBody(eventShape, {
    examples: {
      event: { summary: "An event", value: event },
      external: {
        summary: "With an id of your own, stamped on receipt",
        value: { ...event, created_at: null, event: "SENT", external_id: "mail-17" },
      },
    },
  }),
  answers: { 200: appended[200] },
  problems: [400, 403, 413, 415, 429, 503],
  access: appendsToApps,
} as const;

const sampledShape = z.object({
  accepted: z.int(),
  position: positionShape.optional(),
  refused: z.array(issueShape),
  event: eventShape.optional(),
  events: z.array(eventShape).optional(),
});

const statsShape = z.object({
  event_collector_queue: countShape.describe(
    "Events that this node has taken and that are not durable yet",
  ),
  event_store_queue: countShape.describe(
    "Entries of the log that are not rows yet: events with PostgreSQL, frames of many with JetStream",
  ),
  events_taken: countShape.describe("By this node since it started"),
  events_undecodable: countShape.describe("Records of the topic `lifecycle` that are not events"),
});

export const takeEvent = endpoint("POST /api/event", {
  ...takesEvent,
  id: "takeEvent",
  summary: "Take an event",
});

export const createEvent = endpoint("POST /api/create_event", {
  ...takesEvent,
  id: "createEvent",
  summary: "The same as `POST /api/event`",
});

export const createRandomEvent = endpoint("GET /api/create_event", {
  id: "createRandomEvent",
  tag,
  summary: "Make a random event",
  description: "One of six stages of a new message of app `sample`.",
  answers: { 200: json("It is durable.", sampledShape, { ...appendedExample, event }) },
  problems: [403, 429, 503],
  access: appendsToSample,
});

export const takeEvents = endpoint("POST /api/event/bulk", {
  id: "takeEvents",
  tag,
  summary: "Take many events",
  description:
    "Up to 100,000. Each that is wrong is refused by its index and field, the rest is taken. The body may have four times the bytes of others.",
  headers: appendHeaders,
  body: jsonBody(bulkShape, { example: { events: [event, { ...event, event: "SENT" }] } }),
  answers: appended,
  problems: [400, 413, 415, 429, 503],
  access: appendsToApps,
});

export const createRandomEvents = endpoint("GET /api/test_socket", {
  id: "makeRandomEvents",
  tag,
  summary: "Make the six stages of one message",
  query: { message_id: { ...messageId.message_id, example: "order-4712" } },
  answers: {
    200: json("They are durable.", sampledShape, { ...appendedExample, events: [event] }),
  },
  problems: [400, 403, 429, 503],
  access: appendsToSample,
});

export const queueStats = endpoint("GET /api/q/stats", {
  id: "queueStats",
  tag,
  summary: "What waits where",
  answers: {
    200: json("Depths of queues, and counts.", statsShape, {
      event_collector_queue: 12,
      event_store_queue: 340,
      events_taken: 10_482,
      events_undecodable: 0,
    }),
  },
  problems: [503],
  access: needs("read", "node", { name: "status" }),
});

const watched = {
  tag,
  description:
    "Each as it was sent, gRPC's as JSON. Starts live, unless told where; `?tail=` counts the events of all messages where an app is watched.",
  query: startQuery,
  headers: lastEventId,
  answers: { 200: eventStream },
  problems: [400, 410, 429, 503],
} as const;

const watchedBySocket = {
  tag,
  description:
    "Sends what a subscription on `/v1/ws` sends; takes nothing but `ping`. After a break, connect again with the last `position` as `after`.",
  query: startQuery,
  answers: { 101: switched },
  problems: [400, 403],
  socket: oneSubscription,
} as const;

export const watchMessage = endpoint("GET /sse/messages/{message_id}", {
  ...watched,
  id: "watchMessage",
  summary: "Watch the events of a message",
  params: messageId,
  access: readsApps,
});

export const watchApp = endpoint("GET /sse/apps/{app_id}/messages", {
  ...watched,
  id: "watchApp",
  summary: "Watch the events of an app's messages",
  params: appId,
  access: readsApp,
});

export const openMessageSocket = endpoint("GET /ws/messages/{message_id}", {
  ...watchedBySocket,
  id: "openMessageSocket",
  summary: "Watch the events of a message on a WebSocket",
  params: messageId,
  access: readsApps,
});

export const openAppSocket = endpoint("GET /ws/apps/{app_id}/messages", {
  ...watchedBySocket,
  id: "openAppSocket",
  summary: "Watch the events of an app's messages on a WebSocket",
  params: appId,
  access: readsApp,
});

export const eventEndpoints = [
  takeEvent,
  createEvent,
  createRandomEvent,
  takeEvents,
  createRandomEvents,
  queueStats,
  watchMessage,
  watchApp,
  openMessageSocket,
  openAppSocket,
];
