/** `/v1/topics`: topics, their records and their streams. */

import { z } from "zod";
import { defaultTopicSettings, parseName, schemaRules } from "../../../core/topic.ts";
import { needs } from "../../../http/access.ts";
import { empty, json, jsonBody } from "../../../http/endpoint/answer.ts";
import {
  appended,
  appendHeaders,
  contentEncoding,
  eventBodies,
} from "../../../http/endpoint/appending.ts";
import { endpoint } from "../../../http/endpoint/endpoint.ts";
import { pageLimit, pageParameters } from "../../../http/endpoint/paging.ts";
import {
  choice,
  count,
  optional,
  parameter,
  shortText,
  text,
} from "../../../http/endpoint/parameter.ts";
import {
  countShape,
  nameShape,
  pageExample,
  pageShape,
  positionShape,
} from "../../../http/endpoint/shapes.ts";
import { heartbeatQuery, lastEventId, startQuery } from "../../../http/endpoint/starting.ts";
import { eventStream } from "../../../http/endpoint/streams.ts";
import { schemaIdMax } from "../../../http/request-records.ts";

const tag = "Topics";

const topicName = { topic: parameter("The topic's name", nameShape, parseName, "orders") };

/** Asked of `TopicRules`, which know what internal topics contain. */
const ofTopic = { handler: "the topic; of an internal one what its records are about" } as const;

const keyCharsMax = 512;
const keyShape = z.string().max(keyCharsMax);
const key = optional(shortText("Only the records of this key", keyCharsMax));

const decode = optional(
  choice(
    "`json`: records that name a schema of the registry are given as their schema has them, with `schema` beside; one that does not decode keeps its `data` and has an `error` beside it. In a stream `data:` is then an object of these members.",
    ["json"],
  ),
);

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
    bytes: countShape.describe("Bytes kept"),
    start: positionShape.describe("`after` this position reads everything that is kept"),
    end: positionShape.nullable().describe("The newest record; null when the topic is empty"),
  })
  .meta({ id: "Topic" });

export type GivenSettings = z.output<typeof settingsShape>;

const topicListShape = z
  .object({
    topics: z.array(topicShape),
    next: nameShape.nullable().describe("As `after`, gives those that follow"),
  })
  .meta({ id: "TopicList" });

const topicExample = {
  name: "orders",
  layout: "records",
  retention_ms: 86_400_000,
  retention_bytes: 8_589_934_592,
  schema: "none",
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
  description: "By name.",
  query: {
    after: optional(
      parameter(
        "The topics whose names come after this one: the `next` of an earlier answer",
        nameShape,
        parseName,
      ),
    ),
    limit: pageLimit("Topics in the page"),
  },
  access: needs("read", "topic", { some: "those that are listed" }),
  answers: { 200: json("Topics.", topicListShape, { topics: [topicExample], next: null }) },
  problems: [400, 503],
});

export const createTopic = endpoint("PUT /v1/topics/{topic}", {
  id: "makeTopic",
  tag,
  summary: "Create a topic, or change its retention",
  description:
    "Idempotent. Members that are left out keep what the topic has, or are the defaults of a new one. Another layout or schema rule is a 409. The first record of a topic creates it as well, with default settings.",
  params: topicName,
  headers: contentEncoding,
  body: settingsBody,
  access: needs("manage", "topic", { param: "topic" }),
  answers: {
    201: json("It is created.", topicShape, { ...topicExample, bytes: 0, end: null }),
    200: json("It existed already; its retention is the given one now.", topicShape, topicExample),
  },
  problems: [400, 403, 409, 413, 415, 429, 503],
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

export const appendRecords = endpoint("POST /v1/topics/{topic}/records", {
  id: "appendRecords",
  tag,
  summary: "Append records",
  description:
    "JSON is one record, or an array of them; NDJSON is one record a line; a body of any other type is one record of these bytes. The answer comes once they are durable. Where the topic has a rule for schemas, records that break it are refused by index.",
  params: topicName,
  query: { key: optional(text("The key of all records of this call", { schema: keyShape })) },
  headers: {
    ...appendHeaders,
    "Sluice-Schema-Id": optional(
      count(
        "The registry's id of the schema that all records of this call are written in: protobuf, or JSON in its protobuf form",
        { min: 1, max: schemaIdMax },
      ),
    ),
  },
  body: {
    isRequired: true,
    content: {
      ...eventBodies,
      "application/octet-stream": {
        schema: z.unknown().describe("The record's bytes; any other media type is kept with them"),
      },
    },
  },
  access: needs("append", "topic", ofTopic),
  answers: appended,
  problems: [400, 403, 404, 413, 415, 429, 503],
});

export const readTopic = endpoint("GET /v1/topics/{topic}/records", {
  id: "readTopic",
  tag,
  summary: "A page of its records",
  description: "The newest records, or those after or before a position.",
  params: topicName,
  query: { key, ...pageParameters, decode },
  access: needs("read", "topic", ofTopic),
  answers: { 200: json("Records, oldest first.", pageShape, pageExample) },
  problems: [400, 404, 410, 503],
});

const watched = {
  tag: "Streams",
  summary: "Watch a topic",
  params: topicName,
  query: { key, ...startQuery, ...heartbeatQuery, decode },
  headers: lastEventId,
  access: needs("read", "topic", ofTopic),
  answers: { 200: eventStream },
  problems: [400, 404, 503],
} as const;

export const watchTopic = endpoint("GET /v1/topics/{topic}/sse", {
  ...watched,
  id: "watchTopic",
  description: "Starts live, unless told where.",
});

export const watchTopicToo = endpoint("GET /sse/topics/{topic}", {
  ...watched,
  id: "watchTopicToo",
  description: "The same as `/v1/topics/{topic}/sse`.",
});

export const topicEndpoints = [
  listTopics,
  createTopic,
  describeTopic,
  removeTopic,
  appendRecords,
  readTopic,
  watchTopic,
  watchTopicToo,
];
