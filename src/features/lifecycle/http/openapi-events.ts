/** Lifecycle events: how they come in, and how they are watched. */
import { idBytesMax } from "../event.ts";
import { appended, appendedExample } from "../../../http/openapi/append.ts";
import type { Operation, Parameter, Paths, Schema } from "../../../http/openapi/model.ts";
import { parameter } from "../../../http/openapi/parameters.ts";
import { eventStream, json, problems } from "../../../http/openapi/responses.ts";
import { ref } from "../../../http/openapi/schemas.ts";
import { socketMessages } from "../../../http/openapi/sockets.ts";

const tags = ["Lifecycles"];

export const idSchema: Schema = {
  type: "string",
  minLength: 1,
  maxLength: idBytesMax,
  description: "1 to 256 bytes without control characters",
};

export const timeSchema: Schema = ref("Time");

export const eventSchema: Schema = {
  type: "object",
  description: "Members that are not named here are kept with it.",
  properties: {
    app_id: idSchema,
    message_id: idSchema,
    event: idSchema,
    created_at: {
      type: ["string", "null"],
      description:
        "RFC 3339, any offset, up to nine digits of a second. For any other text the time of receipt is taken, and the text is kept.",
    },
    external_id: { ...idSchema, type: ["string", "null"] },
  },
  required: ["app_id", "message_id", "event"],
};

const event = {
  app_id: "shop",
  message_id: "order-4711",
  event: "CREATED",
  created_at: "2026-11-21T10:02:11.420Z",
};

const one: Omit<Operation, "operationId" | "summary"> = {
  tags,
  description: "The answer comes once the event is durable.",
  parameters: [parameter("idempotencyKey"), parameter("contentEncoding")],
  requestBody: {
    required: true,
    content: {
      "application/json": {
        schema: eventSchema,
        examples: {
          event: { summary: "An event", value: event },
          external: {
            summary: "With an id of your own, stamped on receipt",
            value: { ...event, created_at: null, event: "SENT", external_id: "mail-17" },
          },
        },
      },
    },
  },
  responses: { "200": appended["200"], ...problems(400, 413, 415, 429, 503) },
};

const sampled: Schema = {
  type: "object",
  properties: {
    accepted: { type: "integer" },
    position: ref("Position"),
    refused: { type: "array", items: ref("Issue") },
    event: eventSchema,
    events: { type: "array", items: eventSchema },
  },
  required: ["accepted", "position", "refused"],
};

const count: Schema = { type: "integer", minimum: 0 };

const messageIdQuery: Parameter = {
  name: "message_id",
  in: "query",
  required: true,
  description: "The message's id",
  schema: idSchema,
  example: "order-4712",
};

export function messageStream(operationId: string, summary: string): Operation {
  return {
    operationId,
    tags,
    summary,
    description:
      "Each as it was sent, gRPC's as JSON. Starts live, unless told where; `?tail=` counts the events of all messages where an app is watched.",
    parameters: [parameter("startAfter"), parameter("tail"), parameter("lastEventId")],
    responses: { "200": eventStream, ...problems(400, 410, 429, 503) },
    "x-endless": true,
  };
}

function messageSocket(operationId: string, summary: string): Operation {
  return {
    operationId,
    tags,
    summary,
    description:
      "Says what a subscription on `/v1/ws` says; takes nothing but `ping`. After a break, connect again with the last `position` as `after`.",
    parameters: [parameter("startAfter"), parameter("tail")],
    responses: {
      "101": { description: "The connection is a WebSocket from now on." },
      ...problems(400, 403),
    },
    "x-endless": true,
    "x-websocket": {
      toServer: socketMessages.toServer.filter(({ example }) => isOp(example, ["ping"])),
      toClient: socketMessages.toClient.filter(({ example }) =>
        isOp(example, ["subscribed", "events", "reset", "closed", "pong", "error"]),
      ),
      closeCodes: {
        "1001": "This node goes away: connect again and resume.",
        "1011": "The subscription could not be had, or ended: `closed` said why.",
        "4008": "You read too slowly: connect again and resume.",
      },
    },
  };
}

function isOp(example: unknown, ops: readonly string[]): boolean {
  return (
    typeof example === "object" &&
    example !== null &&
    "op" in example &&
    ops.some((op) => op === example.op)
  );
}

export const lifecycleEventPaths: Paths = {
  "/api/event": {
    post: { operationId: "takeEvent", summary: "Take an event", ...one },
  },
  "/api/create_event": {
    post: { operationId: "createEvent", summary: "The same as `POST /api/event`", ...one },
    get: {
      operationId: "createRandomEvent",
      tags,
      summary: "Make a random event",
      description: "One of six stages of a new message of app `sample`.",
      responses: {
        "200": json("It is durable.", sampled, { ...appendedExample, event }),
        ...problems(429, 503),
      },
    },
  },
  "/api/event/bulk": {
    post: {
      operationId: "takeEvents",
      tags,
      summary: "Take many events",
      description:
        "Up to 100,000. Each that is wrong is refused by its index and field, the rest is taken. The body may have four times the bytes of others.",
      parameters: [parameter("idempotencyKey"), parameter("contentEncoding")],
      requestBody: {
        required: true,
        content: {
          "application/json": {
            schema: {
              type: "object",
              properties: { events: { type: "array", items: eventSchema, maxItems: 100_000 } },
              required: ["events"],
            },
            example: { events: [event, { ...event, event: "SENT" }] },
          },
        },
      },
      responses: { ...appended, ...problems(400, 413, 415, 429, 503) },
    },
  },
  "/api/test_socket": {
    get: {
      operationId: "makeRandomEvents",
      tags,
      summary: "Make the six stages of one message",
      parameters: [messageIdQuery],
      responses: {
        "200": json("They are durable.", sampled, { ...appendedExample, events: [event] }),
        ...problems(400, 429, 503),
      },
    },
  },
  "/api/q/stats": {
    get: {
      operationId: "queueStats",
      tags,
      summary: "What waits where",
      responses: {
        "200": json(
          "Depths of queues, and counts.",
          {
            type: "object",
            properties: {
              event_collector_queue: {
                ...count,
                description: "Events that this node has taken and that are not durable yet",
              },
              event_store_queue: {
                ...count,
                description:
                  "Entries of the log that are not rows yet: events with PostgreSQL, frames of many with JetStream",
              },
              events_taken: { ...count, description: "By this node since it started" },
              events_undecodable: {
                ...count,
                description: "Records of the topic `lifecycle` that are no events",
              },
            },
            required: [
              "event_collector_queue",
              "event_store_queue",
              "events_taken",
              "events_undecodable",
            ],
          },
          {
            event_collector_queue: 12,
            event_store_queue: 340,
            events_taken: 10_482,
            events_undecodable: 0,
          },
        ),
        ...problems(503),
      },
    },
  },
};

export function lifecycleSocketPaths(messageId: Parameter, appId: Parameter): Paths {
  return {
    "/ws/messages/{message_id}": {
      parameters: [messageId],
      get: messageSocket("openMessageSocket", "Watch the events of a message on a WebSocket"),
    },
    "/ws/apps/{app_id}/messages": {
      parameters: [appId],
      get: messageSocket("openAppSocket", "Watch the events of an app's messages on a WebSocket"),
    },
  };
}
