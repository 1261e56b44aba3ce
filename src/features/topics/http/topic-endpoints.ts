/** Topics: listed, created, changed, described, removed. */

import { z } from "zod";
import { invalidField, quoted } from "../../../core/failure.ts";
import { parsePosition } from "../../../core/position.ts";
import { defaultTopicSettings, parseName, schemaRules } from "../../../core/topic.ts";
import { needs } from "../../../http/access.ts";
import { empty, json, jsonBody } from "../../../http/endpoint/answer.ts";
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
import { countShape, nameShape, positionShape, timeShape } from "../../../http/endpoint/shapes.ts";
import { topicSorts } from "../topic-index.ts";
import { ofTopic, tag, topicName } from "./parameters.ts";

const layoutShape = z.enum(["records", "frames"]);

const settingsShape = z
  .strictObject({
    layout: layoutShape.optional().meta({
      default: defaultTopicSettings.layout,
      description:
        "`records`: an entry each, a key is cheap to read. `frames`: many records in one entry, for high rates.",
    }),
    retention_ms: countShape.optional().meta({
      default: defaultTopicSettings.retentionMs,
      description:
        "Records older than this may be dropped; 0 keeps them. The default applies unless the gateway is configured otherwise.",
    }),
    retention_bytes: countShape.optional().meta({
      default: defaultTopicSettings.retentionBytes,
      description:
        "The oldest are dropped past this size; 0 sets no limit. The default applies unless the gateway is configured otherwise.",
    }),
    schema: z.enum(schemaRules).optional().meta({
      default: defaultTopicSettings.schema,
      description:
        "What records must be. `id`: they name a schema of the registry. `validated`: they are a message of it and satisfy its rules.",
    }),
  })
  .meta({ id: "TopicSettings" });

const topicShape = z
  .object({
    name: nameShape,
    layout: layoutShape,
    retention_ms: countShape,
    retention_bytes: countShape,
    schema: z.enum(schemaRules),
    internal: z.boolean().describe("It belongs to the gateway, which creates and keeps it"),
    bytes: countShape.describe("Bytes kept"),
    start: positionShape.describe("`after` this position reads everything that is kept"),
    end: positionShape.nullable().describe("The newest record; null when the topic is empty"),
  })
  .meta({ id: "Topic" });

export type GivenSettings = z.output<typeof settingsShape>;

const topicListShape = z
  .object({
    topics: z.array(topicShape),
    next: z.string().nullable().describe("As `after`, gives those that follow"),
  })
  .meta({ id: "TopicList" });

const topicExample = {
  name: "orders",
  layout: "records",
  retention_ms: 86_400_000,
  retention_bytes: 8_589_934_592,
  schema: "none",
  internal: false,
  bytes: 18_220,
  start: "8mi8wtfaq-10",
  end: "8mi8wtfaq-23a",
} as const;

export const settingsBody = jsonBody(settingsShape, {
  leftOut: "Left out: the defaults.",
  example: {
    layout: "records",
    retention_ms: 86_400_000,
    retention_bytes: 8_589_934_592,
    schema: "none",
  },
});

export const listTopics = endpoint("GET /v1/topics", {
  id: "listTopics",
  tag,
  summary: "List topics",
  description:
    "By name, unless another order is given. With `q`, `holds`, `internal=0` or another order the answer may be two seconds old.",
  query: {
    after: optional(shortText("The topics after this one: the `next` of an earlier answer", 300)),
    limit: pageLimit("Topics in the page"),
    q: optional(shortText("Only topics whose names contain this, in any case", 200)),
    holds: optional(
      parameter(
        "Only topics that this position is of: those that were created in the same millisecond as its topic",
        positionShape,
        parsePosition,
      ),
    ),
    sort: withDefault(
      choice(
        "`rate`: most records a second first. `size`: most bytes first. `lag`: those that a projection is furthest behind first. `silent`: those whose last record is oldest first.",
        topicSorts,
      ),
      "name",
    ),
    internal: withDefault(choice("`0`: without topics of the gateway itself", ["0", "1"]), "1"),
  },
  access: needs("read", "topic", { some: "those that are listed" }),
  answers: { 200: json("Topics.", topicListShape, { topics: [topicExample], next: null }) },
  problems: [400, 503],
});

export const createTopic = endpoint("PUT /v1/topics/{topic}", {
  id: "makeTopic",
  tag,
  summary: "Create a topic, or change its settings",
  description:
    "Idempotent. Members that are left out keep what the topic has, or are the defaults of a new one. Another schema rule counts for records that come from then on, on all nodes within a second; the records that are there stay as they are. Another layout is a 409. The first record of a topic creates it as well, with default settings.",
  params: topicName,
  headers: contentEncoding,
  body: settingsBody,
  access: needs("manage", "topic", { param: "topic" }),
  answers: {
    201: json("It is created.", topicShape, { ...topicExample, bytes: 0, end: null }),
    200: json("It existed already, and has these settings now.", topicShape, topicExample),
  },
  problems: [400, 403, 409, 413, 415, 429, 503],
});

export const previewTopicChange = endpoint("POST /v1/topics/{topic}/preview", {
  id: "previewTopicChange",
  tag,
  summary: "See what a change of a topic's settings would do",
  description:
    "Takes what `PUT` takes, and changes nothing. With another schema rule, the newest records of the topic are checked as if they came under it: what it would refuse of them, it will refuse of those that follow. It needs the right to read the topic as well.",
  params: topicName,
  headers: contentEncoding,
  body: settingsBody,
  access: needs("manage", "topic", { param: "topic" }),
  answers: {
    200: json(
      "What the change would do now.",
      z.object({
        changes: z
          .array(z.enum(["retention_ms", "retention_bytes", "schema"]))
          .describe("Settings that would change"),
        checked: countShape.describe(
          "Records that were checked: the newest 100; 0 where the rule does not change, or becomes `none`",
        ),
        refused: countShape.describe("Those of them that the rule refuses"),
        newest_refusal: z
          .object({ position: positionShape, field: z.string(), message: z.string() })
          .nullable(),
      }),
      {
        changes: ["schema"],
        checked: 100,
        refused: 3,
        newest_refusal: {
          position: "8mi8wtfaq-23a",
          field: "schema_id",
          message:
            "Cannot take the record: it names no schema, expected the id of a registered one",
        },
      },
    ),
  },
  problems: [400, 403, 404, 409, 413, 415, 429, 503],
});

export const describeTopic = endpoint("GET /v1/topics/{topic}", {
  id: "describeTopic",
  tag,
  summary: "Describe a topic",
  params: topicName,
  access: needs("read", "topic", ofTopic),
  answers: { 200: json("The topic, its settings and its bounds.", topicShape, topicExample) },
  problems: [400, 404, 503],
});

export const removeTopic = endpoint("DELETE /v1/topics/{topic}", {
  id: "removeTopic",
  tag,
  summary: "Remove a topic and its records",
  params: topicName,
  access: needs("manage", "topic", { param: "topic" }),
  answers: { 204: empty("It is removed.") },
  problems: [400, 403, 404, 503],
});

/** Names of topics in one request: more than a screen has rows. */
const activityMax = 100;

const lagShape = z
  .object({
    consumer: z.string().describe("The projection, or `rule` and the name of an ack rule"),
    node: z.string(),
    lag_s: z.number(),
    lag_before_s: z.number().describe("Ten seconds before: whether it catches up"),
    lag_entries: countShape
      .nullable()
      .describe("Log entries that it has not committed: a record each, or a frame of many"),
  })
  .meta({ id: "TopicLag" });

const activityShape = z
  .object({
    topic: nameShape,
    records_per_s: z
      .number()
      .describe(
        "Of a topic with less than one record each two seconds: from the pauses between them",
      ),
    bytes_per_s: z.number(),
    refused_per_s: z.number(),
    last_record: timeShape
      .nullable()
      .describe("When the last record was appended, to about ten seconds; null: not known"),
    lag: lagShape
      .nullable()
      .describe("Of the projection or ack rule that is furthest behind; null: none reads it"),
  })
  .meta({ id: "TopicActivity" });

const activityExample = {
  topic: "orders",
  records_per_s: 12.4,
  bytes_per_s: 5210,
  refused_per_s: 0,
  last_record: "2026-11-21T10:02:08.120Z",
  lag: null,
} as const;

export const readActivity = endpoint("GET /v1/activity", {
  id: "readActivity",
  tag,
  summary: "How busy some topics are",
  description:
    "Over all nodes, in the last ten seconds that all of them have written: ten to twenty seconds ago. Topics that the caller may not read are left out, as those that do not exist are.",
  query: {
    topics: parameter(
      `Names, separated by commas; ${activityMax} at most`,
      z
        .string()
        .regex(/^,*(?!\.{1,2}(?:,|$))[\w.-]{1,200}(?:,+(?!\.{1,2}(?:,|$))[\w.-]{1,200})*,*$/),
      (given, field) => {
        const names = given.split(",").filter((name) => name !== "");
        if (names.length === 0 || names.length > activityMax) {
          throw invalidField(
            field,
            `Cannot read the activity of ${names.length} topics: expected 1 to ${activityMax} names in ${quoted(field)}`,
          );
        }
        return names.map((name) => parseName(name, field));
      },
      "orders",
    ),
  },
  access: needs("read", "topic", { some: "those that are named" }),
  answers: {
    200: json("In the order of the request.", z.object({ topics: z.array(activityShape) }), {
      topics: [activityExample],
    }),
  },
  problems: [400, 503],
});

export const aboutTopic = endpoint("GET /v1/topics/{topic}/about", {
  id: "aboutTopic",
  tag,
  summary: "What a topic is used for",
  description:
    "Its activity, its readers and projections on all nodes, and the rules and relations that name it. Rules that the caller may not read are left out.",
  params: topicName,
  access: needs("read", "topic", ofTopic),
  answers: {
    200: json(
      "What reads it and writes to it.",
      z.object({
        topic: topicShape,
        activity: activityShape,
        readers: z
          .array(z.object({ node: z.string(), place: z.string(), subscriptions: countShape }))
          .describe("Open subscriptions, by node; up to ten seconds old"),
        lags: z.array(lagShape),
        uses: z.array(
          z.object({
            kind: z.enum(["rule", "relation"]),
            name: z.string(),
            does: z.enum(["reads", "writes"]),
          }),
        ),
      }),
      {
        topic: topicExample,
        activity: activityExample,
        readers: [
          {
            node: "5b1c9a34-43a5-4a1f-9f43-3f3c5ab9a3d1",
            place: "sluice-1:9000",
            subscriptions: 2,
          },
        ],
        lags: [],
        uses: [{ kind: "rule", name: "delivered", does: "reads" }],
      },
    ),
  },
  problems: [400, 404, 503],
});

export const topicEndpoints = [
  listTopics,
  createTopic,
  previewTopicChange,
  describeTopic,
  removeTopic,
  readActivity,
  aboutTopic,
];
