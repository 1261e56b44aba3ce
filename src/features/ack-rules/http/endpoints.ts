/** `/v1/ack-rules`: one ack for each id that was seen everywhere. */

import { z } from "zod";
import { parseName } from "../../../core/topic.ts";
import { needs } from "../../../http/access.ts";
import { empty, json, jsonBody } from "../../../http/endpoint/answer.ts";
import { contentEncoding } from "../../../http/endpoint/appending.ts";
import { endpoint } from "../../../http/endpoint/endpoint.ts";
import { pageLimit } from "../../../http/endpoint/paging.ts";
import { optional, parameter, shortText, text } from "../../../http/endpoint/parameter.ts";
import { countShape, nameShape, timeShape } from "../../../http/endpoint/shapes.ts";
import { switched } from "../../../http/endpoint/socket.ts";
import { lastEventId, startQuery } from "../../../http/endpoint/starting.ts";
import { eventStream } from "../../../http/endpoint/streams.ts";
import { oneSubscription } from "../../../http/ws-shapes.ts";
import { keepMsDefault, placesMax } from "../rule.ts";
import { idEndpoints } from "./id-endpoints.ts";
import { overdueEndpoints } from "./overdue-endpoints.ts";
import {
  idPage,
  messageShape,
  nextIds,
  overdueExample,
  readsRule,
  ruleName,
  tag,
} from "./shapes.ts";

const dayMs = 24 * 60 * 60 * 1000;

const managesRule = needs("manage", "rule", { param: "name" });

const idShape = z.union(
  [
    z.strictObject({ key: z.literal(true).describe("`true`: the record's key") }),
    z.strictObject({
      pointer: z
        .string()
        .max(1000)
        .regex(/^(\/([^~/]|~[01])*)+$/)
        .describe("A JSON Pointer"),
    }),
    z.strictObject({
      field: z
        .string()
        .max(1000)
        .regex(/^\w+(\.\w+)*$/)
        .describe("A path such as `watch.id`"),
    }),
  ],
  'expected {"key":true}, {"pointer":"/a/b"} or {"field":"a.b"}',
);

const places = {
  topics: z
    .array(nameShape)
    .min(1)
    .max(placesMax)
    .optional()
    .describe("An id is complete once a record of each of them has it"),
  id: idShape
    .optional()
    .meta({ description: "Where a record's id is", default: { pointer: "/message_id" } }),
  events: z
    .array(z.string())
    .min(1)
    .max(placesMax)
    .optional()
    .describe("In place of `topics`: lifecycle events that a message has to have"),
  app_id: z.string().optional().describe("Beside `events`: those of this application alone"),
};

const deadlineShape = z
  .int()
  .min(1)
  .max(366 * dayMs)
  .optional()
  .describe(
    "An id that is not complete this long after its first occurrence is overdue; left out: it may take any time",
  );
const keepShape = z
  .int()
  .min(1000)
  .max(3660 * dayMs);
const keepText =
  "How long an id is remembered after its last occurrence, or its deadline: until then it is not acknowledged again";
const fromShape = z.enum(["now", "earliest"]);
const fromText = "Whether the rule sees what its topics contained when it was created";
const outputShape = nameShape.describe("The topic that acks are appended to");

export const ruleRequestShape = z.strictObject({
  ...places,
  output: outputShape,
  deadline_ms: deadlineShape,
  keep_ms: keepShape.optional().meta({ description: keepText, default: keepMsDefault }),
  from: fromShape.optional().meta({ description: fromText, default: "now" }),
});

const ruleShape = z.object({
  name: nameShape,
  ...places,
  output: outputShape,
  deadline_ms: deadlineShape,
  keep_ms: keepShape.describe(keepText),
  from: fromShape.describe(fromText),
  created_at: timeShape,
  counts: z
    .object({
      complete: countShape,
      late: countShape,
      open: countShape,
      overdue: countShape,
      forgotten: countShape,
    })
    .optional()
    .describe("In the list, where the caller may read the rule's topics: as in its figures"),
  lag: z
    .object({
      topic: nameShape.describe("The topic that it is furthest behind"),
      lag_s: z
        .number()
        .describe("Age of the oldest record that it has not committed; 0 at the end of its topics"),
      lag_before_s: z.number().describe("About ten seconds before"),
      node: z.string().describe("The node that runs it"),
    })
    .nullable()
    .optional()
    .describe(
      "Where the caller may read the rule's topics: how far it is behind them, as its node said within the last ten seconds; `null`: no node has said it",
    ),
  changing: z
    .literal(true)
    .optional()
    .describe("A change is requested, and waits until the acks committed so far are in the log"),
  stopped: z
    .string()
    .optional()
    .describe("Why the rule does not run now: it goes on where it was once this has changed"),
});

const delayShape = z.number().nullable().describe("Milliseconds, within 3 %");

const statsShape = z.object({
  complete: countShape.describe("Ids acknowledged, ever"),
  late: countShape.describe("Ids acknowledged after their deadline"),
  open: countShape.describe("Ids that have not been seen everywhere yet"),
  overdue: countShape.describe("Ids that have not, and should have"),
  forgotten: countShape.describe("Ids that never were complete, and are not kept any longer"),
  duplicates: countShape.describe("Occurrences of what had been seen there already"),
  without_id: countShape.describe("Records in which no id was found"),
  delay_ms: z.object({ p50: delayShape, p90: delayShape, p99: delayShape }),
  overdue_ids: z.array(z.string()).describe("The 100 that are overdue for longest"),
});

const ruleExample = {
  name: "orders",
  topics: ["orders", "payments", "shipments"],
  id: { pointer: "/message_id" },
  output: "ack",
  deadline_ms: 60_000,
  keep_ms: keepMsDefault,
  from: "now" as const,
  created_at: "2026-11-21T10:02:11.420Z",
};

const effectsShape = z.object({
  changes: z.array(z.string()).describe("The members in which the configurations differ"),
  counted: countShape.describe(
    "Ids that were looked at, the longest overdue and most urgent first",
  ),
  more: z.boolean().describe("There are more ids than `counted`"),
  forgotten_sightings: z
    .record(z.string(), countShape)
    .describe("For each topic (or event) that goes, the ids whose sighting there is forgotten"),
  forgotten_ids: countShape.describe("Ids that are forgotten: they were seen nowhere else"),
  completed_ids: countShape.describe("Ids that get their ack: they were missing nowhere else"),
  waiting_ids: countShape.describe("Ids that go on, and miss each added topic (or event) as well"),
  overdue_ids: countShape.describe("Open ids that become overdue"),
  reopened_ids: countShape.describe("Overdue ids that have time left again"),
});

const effectsExample = {
  changes: ["topics"],
  counted: 18,
  more: false,
  forgotten_sightings: { shipments: 11 },
  forgotten_ids: 2,
  completed_ids: 3,
  waiting_ids: 13,
  overdue_ids: 0,
  reopened_ids: 0,
};

export const ruleBody = jsonBody(ruleRequestShape, {
  example: { topics: ["orders", "payments", "shipments"], output: "ack", deadline_ms: 60_000 },
});

export const listRules = endpoint("GET /v1/ack-rules", {
  id: "listAckRules",
  tag,
  summary: "List ack rules",
  description: "Those that the caller may read, by name.",
  query: {
    after: optional(
      parameter(
        "The rules whose names come after this one: the `next` of an earlier answer",
        nameShape,
        parseName,
      ),
    ),
    q: optional(shortText("Only rules whose names contain this, in any case", 200)),
    limit: pageLimit("Rules in the page"),
  },
  answers: {
    200: json(
      "Ack rules.",
      z.object({
        ack_rules: z.array(ruleShape),
        next: nameShape.nullable().describe("As `after`, gives those that follow"),
      }),
      { ack_rules: [ruleExample], next: null },
    ),
  },
  problems: [400, 503],
  access: needs("read", "rule", { some: "those that are listed" }),
});

export const createRule = endpoint("PUT /v1/ack-rules/{name}", {
  id: "makeAckRule",
  tag,
  summary: "Create an ack rule, or change it",
  description:
    "Once an id has been seen in all topics (or with all events), exactly one ack is appended to the output topic, under the id as its key. Idempotent. Another configuration changes the rule, which keeps what it saw in the topics that stay. The rule acts with the rights of who has put it last, for as long as they have them: to read its topics, and to append to its outputs.",
  params: ruleName,
  headers: contentEncoding,
  body: ruleBody,
  answers: {
    201: json("It is created.", ruleShape, ruleExample),
    200: json("It existed, and has this configuration now.", ruleShape, ruleExample),
  },
  problems: [400, 403, 409, 413, 415, 429, 503],
  access: managesRule,
});

export const previewChange = endpoint("POST /v1/ack-rules/{name}/preview", {
  id: "previewAckRuleChange",
  tag,
  summary: "See what a change of an ack rule would do",
  description:
    "Takes what `PUT` takes, and changes nothing. The figures are of the ids that are open or overdue: complete ones stay complete.",
  params: ruleName,
  headers: contentEncoding,
  body: ruleBody,
  answers: { 200: json("What the change would do now.", effectsShape, effectsExample) },
  problems: [400, 403, 404, 409, 413, 415, 429, 503],
  access: managesRule,
});

export const describeRule = endpoint("GET /v1/ack-rules/{name}", {
  id: "describeAckRule",
  tag,
  summary: "Describe an ack rule",
  params: ruleName,
  answers: { 200: json("The rule.", ruleShape, ruleExample) },
  problems: [400, 404, 503],
  access: readsRule,
});

export const removeRule = endpoint("DELETE /v1/ack-rules/{name}", {
  id: "removeAckRule",
  tag,
  summary: "Remove an ack rule and what it has seen",
  description: "Its output topics stay.",
  params: ruleName,
  answers: { 204: empty("It is removed.") },
  problems: [400, 404, 503],
  access: managesRule,
});

export const ruleStats = endpoint("GET /v1/ack-rules/{name}/stats", {
  id: "ackRuleStats",
  tag,
  summary: "Its figures",
  description: "`delay_ms` is from an id's last occurrence to its ack.",
  params: ruleName,
  answers: {
    200: json("As of now.", statsShape, {
      complete: 2431,
      late: 3,
      open: 17,
      overdue: 1,
      forgotten: 0,
      duplicates: 12,
      without_id: 0,
      delay_ms: { p50: 2.43, p90: 6.67, p99: 21.7 },
      overdue_ids: ["m-2041"],
    }),
  },
  problems: [400, 404, 503],
  access: readsRule,
});

export const listOverdue = endpoint("GET /v1/ack-rules/{name}/overdue", {
  id: "listOverdue",
  tag,
  summary: "Overdue ids, and what they miss",
  description: "Those that are overdue for longest come first.",
  params: ruleName,
  query: idPage,
  answers: {
    200: json(
      "A page.",
      z.object({
        overdue: z.array(messageShape),
        next: nextIds,
      }),
      { overdue: [overdueExample], next: null },
    ),
  },
  problems: [400, 404, 503],
  access: readsRule,
});

export const describeMessage = endpoint("GET /v1/ack-rules/{name}/messages/{id}", {
  id: "ackRuleMessage",
  tag,
  summary: "What a rule knows of one id",
  params: { ...ruleName, id: text("The message's id", { example: "m-2041" }) },
  answers: { 200: json("Where it was seen, and where not.", messageShape, overdueExample) },
  problems: [400, 404, 503],
  access: readsRule,
});

export const watchOverdue = endpoint("GET /sse/ack-rules/{name}/overdue", {
  id: "watchOverdue",
  tag,
  summary: "Watch what gets overdue",
  description:
    '`data:` is `{"rule","message_id","state","missing","seen"}`; `state` is `overdue`, `resolved` once an overdue id is complete, `reopened` when a changed deadline gives it time again, or `forgotten` when it is kept no longer.',
  params: ruleName,
  query: startQuery,
  headers: lastEventId,
  answers: { 200: eventStream },
  problems: [400, 404, 503],
  access: readsRule,
});

export const watchOverdueBySocket = endpoint("GET /ws/ack-rules/{name}/overdue", {
  id: "watchOverdueBySocket",
  tag,
  summary: "Watch what gets overdue, on a WebSocket",
  description: "Its messages are those of a subscription on `/v1/ws`.",
  params: ruleName,
  query: startQuery,
  answers: { 101: switched },
  problems: [400, 403, 404, 503],
  socket: oneSubscription,
  access: readsRule,
});

export const ackRuleEndpoints = [
  ...idEndpoints,
  ...overdueEndpoints,
  listRules,
  createRule,
  previewChange,
  describeRule,
  removeRule,
  ruleStats,
  listOverdue,
  describeMessage,
  watchOverdue,
  watchOverdueBySocket,
];
