/** What WebSockets carry, for every endpoint that is one: the messages of `docs/protocol.md`. */
import type { ResponseObject, Schema, SocketMessage } from "./model.ts";
import { ref } from "./schemas.ts";

export const switched: ResponseObject = {
  description: "The connection is a WebSocket from now on.",
};

const yours: Schema = {
  type: ["string", "integer"],
  description: "Yours: the answer carries it",
  maxLength: 100,
};

const address: Readonly<Record<string, Schema>> = {
  topic: { type: "string", description: "A topic, beside `key` if only that is wanted" },
  key: { type: "string" },
  emitter: { type: "string", description: "An emitter, in place of a topic" },
  ref: yours,
};

function message(
  op: string,
  description: string,
  properties: Readonly<Record<string, Schema>>,
  example: Readonly<Record<string, unknown>>,
): SocketMessage {
  return {
    description,
    schema: {
      type: "object",
      properties: { op: { type: "string", const: op }, ...properties },
      required: ["op"],
    },
    example: { op, ...example },
  };
}

const position = ref("Position");
const at = "8mi8wtfaq-13a";

const toServer: readonly SocketMessage[] = [
  message(
    "subscribe",
    "Watches a topic, a key of it, or an emitter: live, `after` a position (or `earliest`), or from the newest `tail` records.",
    {
      ...address,
      after: { type: "string" },
      tail: { type: "integer", minimum: 0, maximum: 1000 },
      decode: { type: "string", enum: ["json"], description: "Events as their schemas have them" },
    },
    { emitter: "web-1", tail: 10, ref: 1 },
  ),
  message("unsubscribe", "Ends a subscription.", address, { emitter: "web-1", ref: 2 }),
  message(
    "publish",
    "Appends events; the answer comes once they are durable.",
    {
      ...address,
      events: { type: "array", minItems: 1, maxItems: 1000, items: {} },
      dedup_id: { type: "string", minLength: 1, maxLength: 200 },
      schema_id: {
        type: "integer",
        minimum: 1,
        description: "The registry's id of the schema whose protobuf JSON the events are",
      },
    },
    { topic: "orders", events: [{ message: "hello" }], ref: 3 },
  ),
  message("ping", "Asks whether the socket lives.", { ref: yours }, { ref: 4 }),
];

const toClient: readonly SocketMessage[] = [
  message(
    "subscribed",
    "Where the subscription begins.",
    { ...address, position },
    { emitter: "web-1", position: at, ref: 1 },
  ),
  message(
    "events",
    "Events, oldest first; none is a heartbeat. `position` is the one to resume after.",
    { ...address, events: { type: "array", items: ref("Event") }, position },
    {
      emitter: "web-1",
      events: [
        {
          position: at,
          time: "2026-11-21T10:02:11.920Z",
          key: "web-1",
          data: { message: "hello" },
        },
      ],
      position: at,
    },
  ),
  message(
    "reset",
    "What you asked for is no longer kept: reading goes on after `position`.",
    { ...address, position, reason: { type: "string" } },
    { topic: "orders", position: at, reason: "Cannot read from position …" },
  ),
  message(
    "end",
    "The emitter has ended.",
    { ...address, position },
    { emitter: "web-1", position: at },
  ),
  message(
    "closed",
    "The subscription is over, and why; the last position that you were sent.",
    { ...address, position, problem: ref("Problem") },
    { topic: "orders", position: at },
  ),
  message("unsubscribed", "The subscription is over, as you asked.", address, {
    emitter: "web-1",
    ref: 2,
  }),
  message(
    "accepted",
    "The publish is durable, but for what was refused.",
    {
      accepted: { type: "integer" },
      position,
      refused: { type: "array", items: ref("Issue") },
      ref: yours,
    },
    { accepted: 1, position: at, refused: [], ref: 3 },
  ),
  message("pong", "The answer to a ping.", { ref: yours }, { ref: 4 }),
  message(
    "error",
    "A message of yours could not be met.",
    { problem: ref("Problem"), ref: yours },
    { ref: 3 },
  ),
];

/** For sockets that say some of them. */
export const socketMessages = { toServer, toClient } as const;
