/** The messages of WebSockets, as `docs/protocol.md` has them: one JSON object a text message. */

import { z } from "zod";
import { isPublic, needs } from "../core/access/need.ts";
import { textCharsMax, whereCharsMax } from "../core/filter/record-filter.ts";
import type { Frozen } from "./endpoint/answer.ts";
import {
  countShape,
  eventShape,
  issueShape,
  positionShape,
  problemShape,
} from "./endpoint/shapes.ts";
import { message, type SocketMessages, socketRequest } from "./endpoint/socket.ts";
import { tailMax } from "./endpoint/starting.ts";
import type { TargetKind } from "./live/target.ts";
import { valueBytesMax } from "./records/details.ts";
import { schemaIdMax } from "./request-records.ts";

/** Events of one publish. */
export const publishMax = 1000;

export const refShape = z
  .union([z.string().max(100), z.int()])
  .optional()
  .describe("Yours: the answer carries it");

const address = {
  topic: z.string().optional().describe("A topic, with `key` for the records of one key alone"),
  key: z.string().optional(),
  emitter: z.string().optional().describe("An emitter, in place of a topic"),
};

/** What can be watched, and not appended to in this way. */
const target = {
  ...address,
  series: z.string().optional().describe("A tag: its measurements, as `POST /save` takes them"),
  message: z.string().optional().describe("A message id: its lifecycle events"),
  app: z.string().optional().describe("An app: the lifecycle events of its messages"),
  rule: z.string().optional().describe("An ack rule: what gets overdue under it"),
} satisfies Record<keyof typeof address | TargetKind, z.ZodType>;

const at = "8mi8wtfaq-23a";

/** Of messages that are about nothing but the socket they come on. */
const ownSocket = isPublic("it reads and changes nothing but the caller's own socket");

export const clientMessages = {
  subscribe: socketRequest(
    "Watches a topic, a key of it, an emitter, a series, the lifecycle of a message or of an app's messages, or what gets overdue under an ack rule: live, `after` a position (or `earliest`), or from the newest `tail` records.",
    needs("read", "topic", { handler: "what the message names" }),
    z.strictObject({
      op: z.literal("subscribe"),
      ...target,
      ref: refShape,
      after: z.string().optional(),
      tail: z.int().min(0).max(tailMax).optional(),
      decode: z.literal("json").optional().describe("Events as their schemas have them"),
      details: z
        .boolean()
        .optional()
        .describe(
          "Events with `received`, `headers`, `content_type`, `size` and the schema's subjects",
        ),
      value_bytes: z
        .int()
        .min(0)
        .max(valueBytesMax)
        .optional()
        .describe("Values of more bytes are cut: `cut` is their start, in place of `data`"),
      where: z
        .string()
        .max(whereCharsMax)
        .optional()
        .describe("Only records for which this CEL expression is true"),
      text: z
        .string()
        .max(textCharsMax)
        .optional()
        .describe("Only records that contain this text in the key, a header or the value"),
    }),
    { op: "subscribe", emitter: "web-1", tail: 10, ref: 1 },
  ),
  unsubscribe: socketRequest(
    "Ends a subscription.",
    ownSocket,
    z.strictObject({ op: z.literal("unsubscribe"), ...target, ref: refShape }),
    { op: "unsubscribe", emitter: "web-1", ref: 2 },
  ),
  publish: socketRequest(
    "Appends events; the answer comes once they are durable.",
    needs("append", "topic", { handler: "the topic, or the emitter" }),
    z.strictObject({
      op: z.literal("publish"),
      ...address,
      ref: refShape,
      events: z.array(z.unknown()).min(1).max(publishMax),
      dedup_id: z.string().min(1).max(200).optional(),
      schema_id: z
        .int()
        .min(1)
        .max(schemaIdMax)
        .optional()
        .describe("The registry's id of the schema whose protobuf JSON the events are"),
    }),
    { op: "publish", topic: "orders", events: [{ message: "hello" }], ref: 3 },
  ),
  ping: socketRequest(
    "Checks that the socket is alive.",
    ownSocket,
    z.strictObject({ op: z.literal("ping"), ref: refShape }),
    { op: "ping", ref: 4 },
  ),
};

export const serverMessages = {
  subscribed: message(
    "Where the subscription begins.",
    z.object({
      op: z.literal("subscribed"),
      ...target,
      position: positionShape.optional(),
      ref: refShape,
    }),
    { op: "subscribed", emitter: "web-1", position: at, ref: 1 },
  ),
  events: message(
    "Events, oldest first; a message without any is a heartbeat. `position` is the one to resume after.",
    z.object({
      op: z.literal("events"),
      ...target,
      events: z.array(eventShape),
      passed: countShape
        .optional()
        .describe("With a filter: records since the message before that it passed over"),
      undecodable: countShape
        .optional()
        .describe("Those of them whose value could not be looked into"),
      failed: countShape
        .optional()
        .describe("Those of them for which the expression has no answer"),
      failure: z.string().optional().describe("Why the first of these has none"),
      position: positionShape,
    }),
    {
      op: "events",
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
  reset: message(
    "What you requested is no longer kept: reading continues after `position`.",
    z.object({
      op: z.literal("reset"),
      ...target,
      position: positionShape,
      reason: z.string(),
    }),
    { op: "reset", topic: "orders", position: at, reason: "Cannot read from position …" },
  ),
  end: message(
    "The emitter has ended.",
    z.object({ op: z.literal("end"), ...target, position: positionShape }),
    { op: "end", emitter: "web-1", position: at },
  ),
  closed: message(
    "The subscription is over, and why; the last position that you were sent.",
    z.object({
      op: z.literal("closed"),
      ...target,
      position: positionShape.optional(),
      problem: problemShape,
    }),
    {
      op: "closed",
      topic: "orders",
      position: at,
      problem: {
        type: "urn:sluice:problem:shutting_down",
        title: "This node is shutting down",
        status: 503,
        detail: "This node is shutting down",
        code: "shutting_down",
      },
    },
  ),
  unsubscribed: message(
    "The subscription is over, as you requested.",
    z.object({ op: z.literal("unsubscribed"), ...target, ref: refShape }),
    { op: "unsubscribed", emitter: "web-1", ref: 2 },
  ),
  accepted: message(
    "The publish is durable, except for what was refused.",
    z.object({
      op: z.literal("accepted"),
      accepted: z.int(),
      position: positionShape.optional(),
      refused: z.array(issueShape),
      ref: refShape,
    }),
    { op: "accepted", accepted: 1, position: at, refused: [], ref: 3 },
  ),
  pong: message("The answer to a ping.", z.object({ op: z.literal("pong"), ref: refShape }), {
    op: "pong",
    ref: 4,
  }),
  error: message(
    "A message of yours could not be met.",
    z.object({ op: z.literal("error"), problem: problemShape, ref: refShape }),
    {
      op: "error",
      problem: {
        type: "urn:sluice:problem:invalid",
        title: "The request is not valid",
        status: 400,
        detail: "Cannot find an address: expected topic or emitter",
        code: "invalid",
      },
      ref: 3,
    },
  ),
};

type Messages = typeof serverMessages;

/** What a socket sends, but for events, which are rendered as text. */
export type ServerMessage = {
  [Op in Exclude<keyof Messages, "events">]: Frozen<z.output<Messages[Op]["shape"]>>;
}[Exclude<keyof Messages, "events">];

const closeCodes = {
  "1001": "This node is shutting down: connect again and resume.",
  "1008": "More than 100 messages within 10 s were not valid.",
  "4001": "Your credential has expired or was revoked: connect again with another one, and resume.",
  "4008": "You read too slowly: connect again and resume.",
  "4029": "Too many of your messages wait: await the answers.",
};

/** Of a socket with any number of subscriptions. */
export const subscriptions: SocketMessages = {
  toServer: Object.values(clientMessages),
  toClient: Object.values(serverMessages),
  closeCodes,
};

/** Of a socket that is one subscription itself: it takes `ping` alone. */
export const oneSubscription: SocketMessages = {
  toServer: [clientMessages.ping],
  toClient: [
    serverMessages.subscribed,
    serverMessages.events,
    serverMessages.reset,
    serverMessages.closed,
    serverMessages.pong,
    serverMessages.error,
  ],
  closeCodes: {
    ...closeCodes,
    "1011": "The subscription failed or ended: `closed` said why.",
  },
};
