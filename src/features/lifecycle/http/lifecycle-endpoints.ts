/** Lifecycles: of one message, searched for, as a funnel; and what apps expect. */

import { z } from "zod";
import { needs } from "../../../http/access.ts";
import { json, jsonBody } from "../../../http/endpoint/answer.ts";
import { contentEncoding } from "../../../http/endpoint/appending.ts";
import { endpoint } from "../../../http/endpoint/endpoint.ts";
import { pageLimit } from "../../../http/endpoint/paging.ts";
import {
  choice,
  optional,
  parameter,
  shortText,
  withDefault,
} from "../../../http/endpoint/parameter.ts";
import { countShape, timeShape } from "../../../http/endpoint/shapes.ts";
import { eventNamesMax, funnelMax, lifecycleStates, statesCountedMax } from "../lifecycle.ts";
import { missingMinutesMax } from "../missing.ts";
import { parseCursor, parseInstant, parseStages } from "./params.ts";
import { appId, idFilter, idShape, messageId } from "./shapes.ts";

const tag = "Lifecycles";

const readsApps = needs("read", "app", { some: "those that are listed" });
const readsApp = needs("read", "app", { param: "app_id" });

/** Ten years: with it a deadline still is a time of 64 bits. */
const msMax = 10 * 365 * 86_400_000;

const receivedShape = timeShape.nullable();

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
          received_first_at: receivedShape.describe(
            "When the gateway received the first of them, by its clock. Null for events from before this was kept.",
          ),
          received_last_at: receivedShape,
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
      received_first_at: "2026-11-21T10:02:11.502Z",
      received_last_at: "2026-11-21T10:02:11.502Z",
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

const stages = optional(
  parameter(
    "Events, separated by commas; left out: those that the app expects",
    z.string().regex(/^[^,]{1,256}(,[^,]{1,256}){0,19}$/),
    parseStages,
  ),
);

const appShape = z.object({
  app_id: idShape,
  expected: z.array(idShape),
  deadline_ms: z.int().min(1).nullable(),
  retention_ms: countShape.nullable(),
  kept_ms: countShape.describe(
    "How long a lifecycle is kept after its last event: `retention_ms`, or what SLUICE_LIFECYCLE_HOURS says. 0: for ever",
  ),
});

const stateCountShape = countShape.max(statesCountedMax);

const appExample = {
  app_id: "shop",
  expected: ["CREATED", "SENT"],
  deadline_ms: 60_000,
  retention_ms: null,
  kept_ms: 604_800_000,
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
  lifecycles: countShape.describe(
    `Lifecycles that were looked at: the newest ones, at most ${funnelMax}`,
  ),
  more: z.boolean().describe("There are older ones in this time"),
  stages: z.array(
    z.object({
      event: idShape,
      reached: countShape.describe("Lifecycles that have it"),
      repeats: countShape.describe("Occurrences beyond the first of each lifecycle"),
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
  description:
    "By the time of their first event; with `id_prefix` by message id. What came in a moment ago may be missing. A page may have fewer than `limit`, also none, although `next` says that more follow.",
  query: {
    app_id: idFilter("Of this app"),
    state: optional(choice("In this state", lifecycleStates)),
    missing: idFilter("That lack this expected event"),
    event: idFilter("That have this event"),
    external_id: idFilter("With this external id"),
    id_prefix: idFilter("Whose message id begins with this"),
    ...span,
    after: optional(
      parameter("Those behind this one: the `next` of an earlier answer", z.string(), parseCursor),
    ),
    order: withDefault(
      choice("Which come first; with `id_prefix` the order is that of ids", ["oldest", "newest"]),
      "oldest",
    ),
    limit: pageLimit("Lifecycles in the page"),
  },
  answers: {
    200: json(
      "Lifecycles.",
      z.object({
        lifecycles: z.array(lifecycleShape),
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
    stages,
    ...span,
  },
  answers: {
    200: json("The funnel.", funnelShape, {
      lifecycles: 2,
      more: false,
      stages: [
        { event: "CREATED", reached: 2, repeats: 0, delay_ms: null },
        { event: "SENT", reached: 1, repeats: 0, delay_ms: { p50: 12.5, p90: 12.5, p99: 12.5 } },
      ],
    }),
  },
  problems: [400, 503],
  access: readsApp,
});

export const missingByMinute = endpoint("GET /v1/apps/{app_id}/missing", {
  id: "missingByMinute",
  tag,
  summary: "Which stages an app's messages lack, by minute",
  description: `By the minute of the first event, ${missingMinutesMax} minutes at most. After about a million messages it stops: \`since\` in the answer is then later than the one given, and the same call with it as \`until\` goes on.`,
  params: appId,
  query: {
    stages,
    since: instant("First events from this minute on; left out: an hour before `until`"),
    until: instant("First events before the end of this minute; left out: now"),
  },
  answers: {
    200: json(
      "Numbers of messages.",
      z.object({
        stages: z.array(idShape),
        since: timeShape.describe("The beginning of what was counted"),
        until: timeShape.describe("Its end"),
        minutes: z
          .array(
            z.object({
              at: timeShape.describe("The beginning of the minute"),
              messages: countShape.describe("Messages whose first event is of this minute"),
              missing: z
                .array(countShape)
                .describe("How many of them lack each stage, in the order of `stages`"),
            }),
          )
          .describe("Earliest first; minutes without messages are left out"),
      }),
      {
        stages: ["CREATED", "SENT"],
        since: "2026-11-21T09:02:00Z",
        until: "2026-11-21T10:03:00Z",
        minutes: [{ at: "2026-11-21T10:02:00Z", messages: 2, missing: [0, 1] }],
      },
    ),
  },
  problems: [400, 503],
  access: readsApp,
});

export const countStates = endpoint("GET /v1/apps/{app_id}/states", {
  id: "countStates",
  tag,
  summary: "How many messages of an app are complete, open and overdue",
  params: appId,
  answers: {
    200: json(
      "Numbers of lifecycles.",
      z.object({
        complete: stateCountShape,
        open: stateCountShape,
        overdue: stateCountShape,
        counted_to: countShape.describe(
          "No state is counted further; one that reaches it may have more",
        ),
      }),
      { complete: 41, open: 2, overdue: 1, counted_to: statesCountedMax },
    ),
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
  description:
    "Those that have messages or settings, by id. With `q` a page may have fewer than `limit`, also none, although `next` says that more follow.",
  query: {
    after: idFilter("The apps whose ids come after this one: the `next` of an earlier answer"),
    q: optional(shortText("Only apps whose ids contain this, in any case", 200)),
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
  missingByMinute,
  countStates,
  setApp,
  listApps,
  describeApp,
];
