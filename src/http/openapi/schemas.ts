/** The shapes that addresses share. */
import { emitterSources } from "../../core/emitters.ts";
import { failureCodes } from "../../core/failure.ts";
import { schemaRules } from "../../core/topic.ts";
import type { Schema } from "./model.ts";

export const schemas = {
  Name: {
    type: "string",
    pattern: "^[A-Za-z0-9._-]{1,200}$",
    description: "1 to 200 characters of A-Z a-z 0-9 . _ -",
  },
  Position: {
    type: "string",
    pattern: "^[0-9a-z]{2,12}-[0-9a-z]{2,12}(-[0-9a-z]{2,12})?$",
    description:
      "Where a reader stands in a topic: an opaque token, the same in a page's `next`, an SSE `id:` and a WebSocket message. Tokens of one topic sort as text in the order of its records.",
    examples: ["8mi8wtfaq-13a"],
  },
  Time: { type: "string", format: "date-time", description: "RFC 3339, UTC" },
  Issue: {
    type: "object",
    description: "One refused field or record.",
    properties: {
      index: {
        type: "integer",
        minimum: 0,
        description: "The record's place in the batch, from 0",
      },
      field: { type: "string", description: "The field, parameter or header that it is about" },
      code: { $ref: "#/components/schemas/FailureCode" },
      message: { type: "string", description: "What was given and what is expected" },
    },
    required: ["field", "code", "message"],
  },
  FailureCode: {
    type: "string",
    enum: failureCodes,
    description: "Stable: decide by this, not by a text.",
  },
  Problem: {
    type: "object",
    description: "Problem details (RFC 9457).",
    properties: {
      type: { type: "string", format: "uri", examples: ["urn:sluice:problem:invalid"] },
      title: { type: "string", description: "The kind of problem" },
      status: { type: "integer", description: "The HTTP status" },
      detail: {
        type: "string",
        description: "This occurrence: what was given and what is expected",
      },
      code: { $ref: "#/components/schemas/FailureCode" },
      position: {
        $ref: "#/components/schemas/Position",
        description: "Where reading can start again",
      },
      errors: { type: "array", items: { $ref: "#/components/schemas/Issue" } },
    },
    required: ["type", "title", "status", "detail", "code"],
  },
  Event: {
    type: "object",
    properties: {
      position: { $ref: "#/components/schemas/Position" },
      time: { $ref: "#/components/schemas/Time", description: "When the producer stamped it" },
      key: { type: "string", description: "Left out where the record has none" },
      data: {
        description:
          'The record\'s JSON exactly as it was appended; `{"base64":"…"}` where it is not JSON',
      },
      schema: {
        type: "object",
        description: "With `decode=json`: what the record is written in",
        properties: {
          id: { type: "integer", description: "The registry's id" },
          name: { type: "string", description: "The message's full name, where there is one" },
        },
        required: ["id"],
      },
      error: {
        $ref: "#/components/schemas/Issue",
        description: "With `decode=json`: why `data` is not decoded",
      },
    },
    required: ["position", "time", "data"],
  },
  Page: {
    type: "object",
    description: "Some events of a stream, oldest first.",
    properties: {
      events: { type: "array", items: { $ref: "#/components/schemas/Event" } },
      next: {
        anyOf: [{ $ref: "#/components/schemas/Position" }, { type: "null" }],
        description: "As `after`, gives the later page; null when nothing lies beyond",
      },
      prev: {
        anyOf: [{ $ref: "#/components/schemas/Position" }, { type: "null" }],
        description: "As `before`, gives the earlier page; null when nothing lies beyond",
      },
    },
    required: ["events", "next", "prev"],
  },
  AppendAnswer: {
    type: "object",
    properties: {
      accepted: { type: "integer", minimum: 1, description: "Records that are now durable" },
      position: {
        $ref: "#/components/schemas/Position",
        description: "Of the last accepted record",
      },
      refused: { type: "array", items: { $ref: "#/components/schemas/Issue" } },
    },
    required: ["accepted", "position", "refused"],
  },
  Measurement: {
    type: "object",
    additionalProperties: false,
    properties: {
      time: {
        description:
          "Nanoseconds since 1970, an int64; as a string where it would be rounded otherwise. At most as old as measurements are kept, at most an hour ahead.",
        anyOf: [{ type: "integer" }, { type: "string", pattern: "^-?[0-9]{1,19}$" }],
      },
      tag: {
        type: "string",
        minLength: 1,
        maxLength: 64,
        description: "The series' name: 1 to 64 bytes of UTF-8 without control characters",
      },
      values: { type: "array", items: { type: "number" }, minItems: 1, maxItems: 64 },
    },
    required: ["time", "tag", "values"],
  },
  SaveAnswer: {
    type: "object",
    properties: {
      accepted: { type: "integer", minimum: 1, description: "Measurements that are now durable" },
      position: {
        $ref: "#/components/schemas/Position",
        description: "Of the last accepted one, in the topic `measurements`",
      },
      refused: {
        type: "array",
        items: { $ref: "#/components/schemas/Issue" },
        description: "The first 1000 that were refused",
      },
      refused_more: { type: "integer", description: "Refused ones that are not listed" },
    },
    required: ["accepted", "position", "refused"],
  },
  EmitterRequest: {
    type: "object",
    additionalProperties: false,
    properties: {
      source: {
        type: "string",
        enum: [...emitterSources, "simulated"],
        default: "guest",
        description:
          "`guest` (or `simulated`): Sluice runs an instance that writes its log. `external`: you append the events.",
      },
      rate: {
        type: "number",
        exclusiveMinimum: 0,
        maximum: 1000,
        default: 2,
        description: "The guest's events per second",
      },
    },
  },
  Emitter: {
    type: "object",
    properties: {
      id: { $ref: "#/components/schemas/Name" },
      source: { type: "string", enum: emitterSources },
      rate: { type: "number", description: "The guest's events per second; 0 for external" },
      created_at: { $ref: "#/components/schemas/Time" },
      ended_at: { $ref: "#/components/schemas/Time", description: "Only once it has ended" },
    },
    required: ["id", "source", "rate", "created_at"],
  },
  EmitterDetails: {
    type: "object",
    description: "An emitter, and what is known of its stream.",
    properties: {
      id: { $ref: "#/components/schemas/Name" },
      source: { type: "string", enum: emitterSources },
      rate: { type: "number", description: "The guest's events per second; 0 for external" },
      created_at: { $ref: "#/components/schemas/Time" },
      ended_at: { $ref: "#/components/schemas/Time", description: "Only once it has ended" },
      node: { type: "string", description: "The node that runs its guest" },
      events: { type: "integer", minimum: 0, description: "Events so far, dropped ones included" },
      last: {
        anyOf: [{ $ref: "#/components/schemas/Position" }, { type: "null" }],
        description: "The newest event; null before the first",
      },
    },
    required: ["id", "source", "rate", "created_at", "events", "last"],
  },
  EmitterList: {
    type: "object",
    properties: {
      emitters: { type: "array", items: { $ref: "#/components/schemas/Emitter" } },
      next: {
        type: ["string", "null"],
        description: "The `after` of the later part; null at the end",
      },
    },
    required: ["emitters", "next"],
  },
  TopicSettings: {
    type: "object",
    additionalProperties: false,
    properties: {
      layout: {
        type: "string",
        enum: ["records", "frames"],
        default: "records",
        description:
          "`records`: an entry each, a key is cheap to read. `frames`: many records in one entry, for high rates.",
      },
      retention_ms: {
        type: "integer",
        minimum: 0,
        default: 86_400_000,
        description: "Records older than this may be dropped; 0 keeps them",
      },
      retention_bytes: {
        type: "integer",
        minimum: 0,
        default: 8_589_934_592,
        description: "The oldest are dropped past this size; 0 sets no limit",
      },
      schema: {
        type: "string",
        enum: schemaRules,
        default: "none",
        description:
          "What is asked of records. `id`: that they name a schema of the registry. `validated`: that they are a message of it and hold to its rules.",
      },
    },
  },
  Topic: {
    type: "object",
    properties: {
      name: { $ref: "#/components/schemas/Name" },
      layout: { type: "string", enum: ["records", "frames"] },
      retention_ms: { type: "integer", minimum: 0 },
      retention_bytes: { type: "integer", minimum: 0 },
      schema: { type: "string", enum: schemaRules },
      bytes: { type: "integer", minimum: 0, description: "Bytes kept" },
      start: {
        $ref: "#/components/schemas/Position",
        description: "`after` this position reads everything that is kept",
      },
      end: {
        anyOf: [{ $ref: "#/components/schemas/Position" }, { type: "null" }],
        description: "The newest record; null when the topic is empty",
      },
    },
    required: [
      "name",
      "layout",
      "retention_ms",
      "retention_bytes",
      "schema",
      "bytes",
      "start",
      "end",
    ],
  },
  TopicList: {
    type: "object",
    properties: { topics: { type: "array", items: { $ref: "#/components/schemas/Topic" } } },
    required: ["topics"],
  },
  Up: {
    type: "object",
    properties: { status: { type: "string", const: "up" } },
    required: ["status"],
  },
  Status: {
    type: "object",
    description: "What the node knows of itself, for people. More members may come.",
    properties: {
      status: { type: "string", const: "up" },
      node: { type: "string", description: "This process's name, new at each start" },
      runtime: { type: "string" },
      log: {
        type: "string",
        description: "The log driver",
        enum: ["memory", "postgres", "jetstream", "kafka"],
      },
      grpc_port: { type: "integer" },
      uptime_s: { type: "integer" },
      memory_bytes: { type: "integer" },
      hub: { type: "object", description: "Live subscriptions" },
      ingest: { type: "object", description: "Bytes not yet durable" },
      emitters: { type: "object", description: "Guests of this node" },
      ack_rules: {
        type: "array",
        items: { type: "object" },
        description: "How far the rules that this node owns are",
      },
      series: {
        type: "object",
        description: "What is asked of series, and how far their rollups are",
      },
      measurements: {
        type: "object",
        description: "What comes in, how soon it can be asked for, and how far the store is",
      },
      projections: {
        type: "array",
        items: { type: "object" },
        description: "How far the store is",
      },
    },
    required: ["status"],
    additionalProperties: true,
  },
} as const satisfies Readonly<Record<string, Schema>>;

/** A reference that cannot name a schema that is not there. */
export function ref(name: keyof typeof schemas): Schema {
  return { $ref: `#/components/schemas/${name}` };
}
