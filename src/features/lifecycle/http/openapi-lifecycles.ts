/** Lifecycles: what is asked of them, and what apps expect. Events in are in `lifecycle-events.ts`. */
import { lifecycleStates } from "../lifecycle.ts";
import { idSchema, lifecycleSocketPaths, messageStream, timeSchema } from "./openapi-events.ts";
import type {
  Json,
  Parameter,
  Paths,
  ResponseObject,
  Schema,
} from "../../../http/openapi/model.ts";
import { parameter } from "../../../http/openapi/parameters.ts";
import { json, problems } from "../../../http/openapi/responses.ts";

const tags = ["Lifecycles"];

const messageId: Parameter = {
  name: "message_id",
  in: "path",
  required: true,
  description: "The message's id",
  schema: idSchema,
  example: "order-4711",
};

const appId: Parameter = {
  name: "app_id",
  in: "path",
  required: true,
  description: "The app's id",
  schema: idSchema,
  example: "shop",
};

const lifecycle: Schema = {
  type: "object",
  description: "All that is known of one message of one app.",
  properties: {
    app_id: idSchema,
    message_id: idSchema,
    external_id: { ...idSchema, description: "The least of those that its events brought" },
    state: {
      type: "string",
      enum: lifecycleStates,
      description:
        "`complete`: all that the app expects was seen. `overdue`: it was not, and the deadline has passed. `open`: neither, as are all of an app that expects nothing.",
    },
    events: {
      type: "array",
      description: "By the time of their first sighting",
      items: {
        type: "object",
        properties: {
          event: idSchema,
          first_at: timeSchema,
          last_at: timeSchema,
          count: { type: "integer", minimum: 1 },
        },
        required: ["event", "first_at", "last_at", "count"],
      },
    },
    missing: { type: "array", items: idSchema, description: "Expected and not seen so far" },
    events_not_shown: {
      type: "integer",
      minimum: 1,
      description: "Events whose names are beyond the 100 that are kept of a lifecycle",
    },
  },
  required: ["app_id", "message_id", "state", "events", "missing"],
};

const lifecycles: Schema = {
  type: "object",
  properties: { lifecycles: { type: "array", items: lifecycle } },
  required: ["lifecycles"],
};

const page: Schema = {
  type: "object",
  properties: {
    lifecycles: { type: "array", items: lifecycle, description: "By the time of the first event" },
    next: {
      type: ["string", "null"],
      description: "As `after`, gives the later page; null when nothing lies beyond",
    },
  },
  required: ["lifecycles", "next"],
};

const example: Json = {
  app_id: "shop",
  message_id: "order-4711",
  state: "open",
  events: [
    {
      event: "CREATED",
      first_at: "2026-11-21T10:02:11.420Z",
      last_at: "2026-11-21T10:02:11.420Z",
      count: 1,
    },
  ],
  missing: ["SENT"],
};

const ofMessage = json("Those of each app that knows the message.", lifecycles, {
  lifecycles: [example],
});

function query(name: string, description: string, schema: Schema): Parameter {
  return { name, in: "query", description, schema };
}

const since = query("since", "First events at this time or later", timeSchema);
const until = query("until", "First events before this time", timeSchema);

const app: Schema = {
  type: "object",
  properties: {
    app_id: idSchema,
    expected: { type: "array", items: idSchema },
    deadline_ms: { type: ["integer", "null"], minimum: 1 },
    retention_ms: { type: ["integer", "null"], minimum: 0 },
  },
  required: ["app_id", "expected", "deadline_ms", "retention_ms"],
};

const appExample: Json = {
  app_id: "shop",
  expected: ["CREATED", "SENT"],
  deadline_ms: 60_000,
  retention_ms: null,
};

const delays: Schema = {
  type: ["object", "null"],
  description: "From the stage before, in milliseconds; null where no message has both",
  properties: { p50: { type: "number" }, p90: { type: "number" }, p99: { type: "number" } },
  required: ["p50", "p90", "p99"],
};

const stage: Schema = {
  type: "object",
  properties: {
    event: idSchema,
    reached: { type: "integer", minimum: 0, description: "Lifecycles that have it" },
    delay_ms: delays,
  },
  required: ["event", "reached", "delay_ms"],
};

const settings: ResponseObject = json("The app's settings.", app, appExample);

export const lifecyclePaths: Paths = {
  "/v1/messages/{message_id}": {
    parameters: [messageId],
    get: {
      operationId: "readMessage",
      tags,
      summary: "What happened to a message",
      description:
        "What was acknowledged before the call is in it. A message that nobody has heard of has no lifecycle.",
      responses: { "200": ofMessage, ...problems(400, 503) },
    },
  },
  "/v1/messages": {
    get: {
      operationId: "searchMessages",
      tags,
      summary: "Search lifecycles",
      description: "By the time of their first event. What came in a moment ago may be missing.",
      parameters: [
        query("app_id", "Of this app", idSchema),
        query("state", "In this state", { type: "string", enum: lifecycleStates }),
        query("missing", "That lack this expected event", idSchema),
        query("event", "That have this event", idSchema),
        since,
        until,
        query("after", "Those behind this one: the `next` of an earlier answer", {
          type: "string",
        }),
        parameter("limit"),
      ],
      responses: {
        "200": json("Lifecycles.", page, { lifecycles: [example], next: null }),
        ...problems(400, 503),
      },
    },
  },
  "/search/event/": {
    get: {
      operationId: "searchEvent",
      tags,
      summary: "The same as `/v1/messages/{message_id}`",
      parameters: [
        {
          ...query("message_id", "The message's id", idSchema),
          required: true,
          example: "order-4711",
        },
      ],
      responses: { "200": ofMessage, ...problems(400, 503) },
    },
  },
  "/v1/funnel": {
    get: {
      operationId: "funnel",
      tags,
      summary: "How many messages reached each stage, and how long that took",
      parameters: [
        { ...query("app_id", "Of this app", idSchema), required: true, example: "shop" },
        query("stages", "Events, by commas; left out: those that the app expects", {
          type: "string",
        }),
        since,
        until,
      ],
      responses: {
        "200": json(
          "The funnel.",
          {
            type: "object",
            properties: {
              lifecycles: { type: "integer", minimum: 0, description: "That were looked at" },
              stages: { type: "array", items: stage },
            },
            required: ["lifecycles", "stages"],
          },
          {
            lifecycles: 2,
            stages: [
              { event: "CREATED", reached: 2, delay_ms: null },
              { event: "SENT", reached: 1, delay_ms: { p50: 12.5, p90: 12.5, p99: 12.5 } },
            ],
          },
        ),
        ...problems(400, 503),
      },
    },
  },
  "/v1/apps/{app_id}": {
    parameters: [appId],
    put: {
      operationId: "setApp",
      tags,
      summary: "Say what an app expects of its messages",
      description:
        "The whole of its settings: what is left out is not set. Lists follow a change within seconds, single messages at once.",
      parameters: [parameter("contentEncoding")],
      requestBody: {
        required: true,
        content: {
          "application/json": {
            schema: {
              type: "object",
              additionalProperties: false,
              properties: {
                expected: {
                  type: "array",
                  items: idSchema,
                  maxItems: 100,
                  description: "The events that make a lifecycle complete",
                },
                deadline_ms: {
                  type: ["integer", "null"],
                  minimum: 1,
                  description: "After its first event a lifecycle that is not complete is overdue",
                },
                retention_ms: {
                  type: ["integer", "null"],
                  minimum: 0,
                  description:
                    "After its last event a lifecycle is kept this long; 0: for ever; null: as SLUICE_LIFECYCLE_HOURS says",
                },
              },
            },
            example: { expected: ["CREATED", "SENT"], deadline_ms: 60_000 },
          },
        },
      },
      responses: { "200": settings, ...problems(400, 413, 415, 503) },
    },
    get: {
      operationId: "describeApp",
      tags,
      summary: "What an app expects of its messages",
      description: "One that was never set expects nothing.",
      responses: { "200": settings, ...problems(400, 503) },
    },
  },
  "/sse/messages/{message_id}": {
    parameters: [messageId],
    get: messageStream("watchMessage", "Watch the events of a message"),
  },
  "/sse/apps/{app_id}/messages": {
    parameters: [appId],
    get: messageStream("watchApp", "Watch the events of an app's messages"),
  },
  ...lifecycleSocketPaths(messageId, appId),
};
