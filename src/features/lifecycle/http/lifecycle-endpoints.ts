/** Lifecycles: of one message, searched for, as a funnel; and what apps expect. */

import { z } from "zod";
import { needs } from "../../../http/access.ts";
import { json, jsonBody } from "../../../http/endpoint/answer.ts";
import { contentEncoding } from "../../../http/endpoint/appending.ts";
import { endpoint } from "../../../http/endpoint/endpoint.ts";
import { pageLimit } from "../../../http/endpoint/paging.ts";
import { choice, optional, parameter } from "../../../http/endpoint/parameter.ts";
import { countShape, timeShape } from "../../../http/endpoint/shapes.ts";
import { eventNamesMax, lifecycleStates } from "../lifecycle.ts";
import { parseCursor, parseInstant, parseStages } from "./params.ts";
import { appId, idFilter, idShape, messageId } from "./shapes.ts";

const tag = "Lifecycles";

const readsApps = needs("read", "app", { some: "those that are listed" });
const readsApp = needs("read", "app", { param: "app_id" });

/** Ten years: with it a deadline still is a time of 64 bits. */
const msMax = 10 * 365 * 86_400_000;

const lifecycleShape = z
  .object({
    app_id: idShape,
    message_id: idShape,
    external_id: idShape.optional().describe("The least of those that its events brought"),
    state: z
      .enum(lifecycleStates)
      .describe(
        "`complete`: all that the app expects was seen. `overdue`: it was not, and the deadline has passed. `open`: neither, as are all of an app that expects nothing.",
      ),
    events: z
      .array(
        z.object({
          event: idShape,
          first_at: timeShape,
          last_at: timeShape,
          count: z.int().min(1),
        }),
      )
      .describe("By the time of their first occurrence"),
    missing: z.array(idShape).describe("Expected and not seen so far"),
    events_not_shown: z
      .int()
      .min(1)
      .optional()
      .describe("Events whose names are beyond the 100 that are kept of a lifecycle"),
  })
  .describe("All that is known of one message of one app.");

const lifecycleExample = {
  app_id: "shop",
  message_id: "order-4711",
  state: "open" as const,
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

const ofMessage = {
  200: json(
    "Those of each app that knows the message and that the caller may read.",
    z.object({ lifecycles: z.array(lifecycleShape) }),
    { lifecycles: [lifecycleExample] },
  ),
};

function instant(description: string) {
  return optional(parameter(description, timeShape, parseInstant));
}

const span = {
  since: instant("First events at this time or later"),
  until: instant("First events before this time"),
};

const appShape = z.object({
  app_id: idShape,
  expected: z.array(idShape),
  deadline_ms: z.int().min(1).nullable(),
  retention_ms: countShape.nullable(),
});

const appExample = {
  app_id: "shop",
  expected: ["CREATED", "SENT"],
  deadline_ms: 60_000,
  retention_ms: null,
};

const appAnswers = {
  200: json("The app's settings.", appShape, appExample),
};

const appRequestShape = z.strictObject({
  expected: z
    .array(idShape)
    .max(eventNamesMax)
    .optional()
    .describe("The events that make a lifecycle complete"),
  deadline_ms: z
    .int()
    .min(1)
    .max(msMax)
    .nullish()
    .describe("After its first event a lifecycle that is not complete is overdue"),
  retention_ms: countShape
    .max(msMax)
    .nullish()
    .describe(
      "After its last event a lifecycle is kept this long; 0: for ever; null: as SLUICE_LIFECYCLE_HOURS says",
    ),
});

export const appBody = jsonBody(appRequestShape, {
  example: { expected: ["CREATED", "SENT"], deadline_ms: 60_000 },
});

const percentilesShape = z.object({ p50: z.number(), p90: z.number(), p99: z.number() });

const funnelShape = z.object({
  lifecycles: countShape.describe("Lifecycles that were looked at"),
  stages: z.array(
    z.object({
      event: idShape,
      reached: countShape.describe("Lifecycles that have it"),
      delay_ms: percentilesShape
        .nullable()
        .describe("From the stage before, in milliseconds; null where no message has both"),
    }),
  ),
});

export const readMessage = endpoint("GET /v1/messages/{message_id}", {
  id: "readMessage",
  tag,
  summary: "What happened to a message",
  description:
    "What was acknowledged before the call is in it. A message that nobody has heard of has no lifecycle.",
  params: messageId,
  answers: ofMessage,
  problems: [400, 503],
  access: readsApps,
});

export const searchMessages = endpoint("GET /v1/messages", {
  id: "searchMessages",
  tag,
  summary: "Search lifecycles",
  description: "By the time of their first event. What came in a moment ago may be missing.",
  query: {
    app_id: idFilter("Of this app"),
    state: optional(choice("In this state", lifecycleStates)),
    missing: idFilter("That lack this expected event"),
    event: idFilter("That have this event"),
    ...span,
    after: optional(
      parameter("Those behind this one: the `next` of an earlier answer", z.string(), parseCursor),
    ),
    limit: pageLimit("Lifecycles in the page"),
  },
  answers: {
    200: json(
      "Lifecycles.",
      z.object({
        lifecycles: z.array(lifecycleShape).describe("By the time of the first event"),
        next: z
          .string()
          .nullable()
          .describe("As `after`, gives the later page; null when nothing lies beyond"),
      }),
      { lifecycles: [lifecycleExample], next: null },
    ),
  },
  problems: [400, 503],
  access: readsApps,
});

export const searchEvent = endpoint("GET /search/event/", {
  id: "searchEvent",
  tag,
  summary: "The same as `/v1/messages/{message_id}`",
  query: messageId,
  answers: ofMessage,
  problems: [400, 503],
  access: readsApps,
});

export const funnel = endpoint("GET /v1/funnel", {
  id: "funnel",
  tag,
  summary: "How many messages reached each stage, and how long that took",
  query: {
    ...appId,
    stages: optional(
      parameter(
        "Events, separated by commas; left out: those that the app expects",
        z.string().regex(/^[^,]{1,256}(,[^,]{1,256}){0,19}$/),
        parseStages,
      ),
    ),
    ...span,
  },
  answers: {
    200: json("The funnel.", funnelShape, {
      lifecycles: 2,
      stages: [
        { event: "CREATED", reached: 2, delay_ms: null },
        { event: "SENT", reached: 1, delay_ms: { p50: 12.5, p90: 12.5, p99: 12.5 } },
      ],
    }),
  },
  problems: [400, 503],
  access: readsApp,
});

export const setApp = endpoint("PUT /v1/apps/{app_id}", {
  id: "setApp",
  tag,
  summary: "Set what an app expects of its messages",
  description:
    "The whole of its settings: what is left out is not set. Lists follow a change within seconds, single messages at once.",
  params: appId,
  headers: contentEncoding,
  body: appBody,
  answers: appAnswers,
  problems: [400, 413, 415, 503],
  access: needs("manage", "app", { param: "app_id" }),
});

export const describeApp = endpoint("GET /v1/apps/{app_id}", {
  id: "describeApp",
  tag,
  summary: "What an app expects of its messages",
  description: "One with messages and without settings expects nothing.",
  params: appId,
  answers: appAnswers,
  problems: [400, 404, 503],
  access: readsApp,
});

export const listApps = endpoint("GET /v1/apps", {
  id: "listApps",
  tag,
  summary: "List apps",
  description: "Those that have messages or settings, by id.",
  query: {
    after: idFilter("The apps whose ids come after this one: the `next` of an earlier answer"),
    limit: pageLimit("Apps in the page"),
  },
  answers: {
    200: json(
      "Apps and their settings.",
      z.object({
        apps: z.array(appShape),
        next: idShape.nullable().describe("As `after`, gives those that follow"),
      }),
      { apps: [appExample], next: null },
    ),
  },
  problems: [400, 503],
  access: readsApps,
});

export const lifecycleEndpoints = [
  readMessage,
  searchMessages,
  searchEvent,
  funnel,
  setApp,
  listApps,
  describeApp,
];
