/** `/v1/topics/{topic}/records/{position}`: one record, and its value as bytes. */

import { z } from "zod";
import { parsePosition } from "../../../core/position.ts";
import { needs } from "../../../http/access.ts";
import { json } from "../../../http/endpoint/answer.ts";
import { endpoint } from "../../../http/endpoint/endpoint.ts";
import { startAfter } from "../../../http/endpoint/paging.ts";
import {
  choice,
  count,
  optional,
  parameter,
  withDefault,
} from "../../../http/endpoint/parameter.ts";
import { eventShape, positionShape } from "../../../http/endpoint/shapes.ts";
import { recordFormatNames, recordFormats } from "../../../http/export/records.ts";
import { filterQuery } from "../../../http/filter/query.ts";
import { formQuery, fromQuery } from "../../../http/records/query.ts";
import { decode, key } from "./endpoints.ts";
import { ofTopic, tag, topicName } from "./parameters.ts";

const recordName = {
  ...topicName,
  position: parameter("The record's position", positionShape, parsePosition, "8mi8wtfaq-23a"),
};

/** More than any record has. */
const sliceMax = 2 ** 31;

export const readRecord = endpoint("GET /v1/topics/{topic}/records/{position}", {
  id: "readRecord",
  tag,
  summary: "One record",
  description: "Its whole value, and everything else that is known of it.",
  params: recordName,
  query: { key, decode, value_bytes: formQuery.value_bytes },
  access: needs("read", "topic", ofTopic),
  answers: {
    200: json("The record.", eventShape, {
      position: "8mi8wtfaq-23a",
      time: "2026-11-21T10:02:11.920Z",
      key: "web-1",
      received: "2026-11-21T10:02:11.921Z",
      headers: { type: "order" },
      content_type: "application/json",
      size: 12,
      data: { order: 17 },
    }),
  },
  problems: [400, 404, 410, 503],
});

export const readValue = endpoint("GET /v1/topics/{topic}/records/{position}/value", {
  id: "readValue",
  tag,
  summary: "The bytes of one record's value",
  description:
    "As they were appended, for a download. With `decode=json` those of the decoded text.",
  params: recordName,
  query: {
    key,
    decode,
    offset: optional(count("The first byte; 0 by default", { max: sliceMax })),
    length: optional(count("So many bytes; by default all that follow", { min: 1, max: sliceMax })),
  },
  access: needs("read", "topic", ofTopic),
  answers: {
    200: {
      description: "The bytes.",
      headers: {
        "Sluice-Content-Type": {
          description: "The media type that its producer gave",
          schema: z.string(),
        },
        "Sluice-Value-Bytes": {
          description: "How many bytes there are in all",
          schema: z.int().min(0),
        },
      },
      content: { "application/octet-stream": { schema: z.unknown() } },
    },
  },
  problems: [400, 404, 410, 503],
});

const files = Object.fromEntries(
  Object.values(recordFormats).map(({ contentType }) => [
    contentType.split(";")[0] ?? "",
    { schema: z.string() },
  ]),
);

export const exportRecords = endpoint("GET /v1/topics/{topic}/export", {
  id: "exportRecords",
  tag,
  summary: "The records of a topic as a file",
  description:
    "Those that are there when it begins, sent as they are read. With a filter those that match. A spreadsheet finds no formula in CSV: an apostrophe stands before a text that would be one.",
  params: topicName,
  query: {
    key,
    after: optional(
      startAfter("The records after this position; `earliest`, the default: from the oldest kept"),
    ),
    ...fromQuery,
    ...filterQuery,
    decode,
    format: withDefault(
      choice("NDJSON has events as pages with `details` have them.", recordFormatNames),
      "ndjson",
    ),
  },
  access: needs("read", "topic", ofTopic),
  answers: { 200: { description: "The file.", content: files } },
  problems: [400, 404, 410, 429, 503],
});

export const oneRecordEndpoints = [readRecord, readValue, exportRecords];
