/** `/v1/topics`: topics and their records. */
import { schemaIdMax } from "../../../http/request-records.ts";
import { appended, jsonBodies, pageExample } from "../../../http/openapi/append.ts";
import type { Paths } from "../../../http/openapi/model.ts";
import { parameter } from "../../../http/openapi/parameters.ts";
import { json, problems } from "../../../http/openapi/responses.ts";
import { ref } from "../../../http/openapi/schemas.ts";

const tags = ["Topics"];

const topicExample = {
  name: "orders",
  layout: "records",
  retention_ms: 86_400_000,
  retention_bytes: 8_589_934_592,
  schema: "none",
  bytes: 18_220,
  start: "8mi8wtfaq-10",
  end: "8mi8wtfaq-13a",
};

export const topicPaths: Paths = {
  "/v1/topics": {
    get: {
      operationId: "listTopics",
      tags,
      summary: "List topics",
      responses: {
        "200": json("All topics, by name.", ref("TopicList"), { topics: [topicExample] }),
        ...problems(503),
      },
    },
  },
  "/v1/topics/{topic}": {
    parameters: [parameter("topic")],
    put: {
      operationId: "makeTopic",
      tags,
      summary: "Make a topic",
      description:
        "Idempotent. A topic also comes to be by its first record, with default settings.",
      parameters: [parameter("contentEncoding")],
      requestBody: {
        description: "Left out: the defaults.",
        content: {
          "application/json": {
            schema: ref("TopicSettings"),
            example: {
              layout: "records",
              retention_ms: 86_400_000,
              retention_bytes: 8_589_934_592,
              schema: "none",
            },
          },
        },
      },
      responses: {
        "201": json("It is made.", ref("Topic"), { ...topicExample, bytes: 0, end: null }),
        "200": json("It stands already, with these very settings.", ref("Topic"), topicExample),
        ...problems(400, 403, 409, 413, 415, 503),
      },
    },
    get: {
      operationId: "describeTopic",
      tags,
      summary: "Describe a topic",
      responses: {
        "200": json("The topic, its settings and its bounds.", ref("Topic"), topicExample),
        ...problems(400, 404, 503),
      },
    },
    delete: {
      operationId: "removeTopic",
      tags,
      summary: "Remove a topic and its records",
      responses: { "204": { description: "It is gone." }, ...problems(400, 403, 404, 503) },
    },
  },
  "/v1/topics/{topic}/records": {
    parameters: [parameter("topic")],
    post: {
      operationId: "appendRecords",
      tags,
      summary: "Append records",
      description:
        "JSON is one record, or an array of them; NDJSON is one record a line; a body of any other type is one record of these bytes. The answer comes once they are durable. Where the topic has a rule for schemas, what does not hold to it is refused by index.",
      parameters: [
        {
          name: "key",
          in: "query",
          description: "The key of all records of this call",
          schema: { type: "string", maxLength: 512 },
        },
        parameter("idempotencyKey"),
        parameter("contentEncoding"),
        {
          name: "Sluice-Schema-Id",
          in: "header",
          description:
            "The registry's id of the schema that all records of this call are written in: protobuf, or JSON in its protobuf form",
          schema: { type: "integer", minimum: 1, maximum: schemaIdMax },
        },
      ],
      requestBody: {
        required: true,
        content: {
          ...jsonBodies,
          "application/octet-stream": {
            schema: { description: "The record's bytes; any other media type is kept with them" },
          },
        },
      },
      responses: { ...appended, ...problems(400, 403, 404, 413, 415, 429, 503) },
    },
    get: {
      operationId: "readTopic",
      tags,
      summary: "A page of its records",
      description: "The newest records, or those after or before a position.",
      parameters: [
        parameter("key"),
        parameter("limit"),
        parameter("pageAfter"),
        parameter("pageBefore"),
        parameter("decode"),
      ],
      responses: {
        "200": json("Records, oldest first.", ref("Page"), pageExample),
        ...problems(400, 404, 410, 503),
      },
    },
  },
};
