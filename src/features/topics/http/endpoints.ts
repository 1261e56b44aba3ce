/** The records of topics, and their streams. */

import { z } from "zod";
import { needs } from "../../../http/access.ts";
import { json } from "../../../http/endpoint/answer.ts";
import { appendedOrTried, appendHeaders, eventBodies } from "../../../http/endpoint/appending.ts";
import { endpoint } from "../../../http/endpoint/endpoint.ts";
import { pageParameters } from "../../../http/endpoint/paging.ts";
import {
  choice,
  count,
  flag,
  optional,
  parameter,
  shortText,
  text,
} from "../../../http/endpoint/parameter.ts";
import { pageExample, pageShape } from "../../../http/endpoint/shapes.ts";
import { heartbeatQuery, lastEventId, startQuery } from "../../../http/endpoint/starting.ts";
import { eventStream } from "../../../http/endpoint/streams.ts";
import { filterQuery } from "../../../http/filter/query.ts";
import { formQuery, fromQuery } from "../../../http/records/query.ts";
import { schemaIdMax } from "../../../http/request-records.ts";
import { ofTopic, parseRecordHeaders, tag, topicName } from "./parameters.ts";

const keyCharsMax = 512;
const keyShape = z.string().max(keyCharsMax);
export const key = optional(shortText("Only the records of this key", keyCharsMax));

export const decode = optional(
  choice(
    "`json`: records that name a schema of the registry are given as their schema has them, with `schema` beside; one that does not decode keeps its `data` and has an `error` beside it. In a stream `data:` is then an object of these members.",
    ["json"],
  ),
);

export const appendRecords = endpoint("POST /v1/topics/{topic}/records", {
  id: "appendRecords",
  tag,
  summary: "Append records",
  description:
    "JSON is one record, or an array of them; NDJSON is one record a line; a body of any other type is one record of these bytes. The answer comes once they are durable. Where the topic has a rule for schemas, records that break it are refused by index.",
  params: topicName,
  query: {
    key: optional(text("The key of all records of this call", { schema: keyShape })),
    dry_run: flag("Check the records and store nothing: answered as an append, without a position"),
  },
  headers: {
    ...appendHeaders,
    "Sluice-Record-Headers": optional(
      parameter(
        'Headers of all records of this call, as a JSON object of texts, or of `{"base64"}` where a value is bytes; write characters outside of ASCII as `\\u` escapes',
        z.string().regex(/^\s*\{[^]*\}\s*$/),
        parseRecordHeaders,
      ),
    ),
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
  answers: appendedOrTried,
  problems: [400, 403, 404, 413, 415, 429, 503],
});

export const readTopic = endpoint("GET /v1/topics/{topic}/records", {
  id: "readTopic",
  tag,
  summary: "A page of its records",
  description:
    "The newest records, or those after or before a position, or from a time on; with a filter those that match.",
  params: topicName,
  query: { key, ...pageParameters, ...fromQuery, ...filterQuery, decode, ...formQuery },
  access: needs("read", "topic", ofTopic),
  answers: { 200: json("Records, oldest first.", pageShape, pageExample) },
  problems: [400, 404, 410, 503],
});

const watched = {
  tag: "Streams",
  summary: "Watch a topic",
  params: topicName,
  query: { key, ...startQuery, ...fromQuery, ...filterQuery, ...heartbeatQuery, decode },
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

export const recordEndpoints = [appendRecords, readTopic, watchTopic, watchTopicToo];
