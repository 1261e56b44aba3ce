/** What appends take and answer, and what a page looks like, for emitters, topics and events. */
import type { MediaType } from "./model.ts";
import { json } from "./responses.ts";
import { ref } from "./schemas.ts";

export const pageExample = {
  events: [
    {
      position: "8mi8wtfaq-13a",
      time: "2026-11-21T10:02:11.920Z",
      key: "web-1",
      data: { level: "INFO", message: "GET /orders 200 12 ms" },
    },
  ],
  next: null,
  prev: "8mi8wtfaq-13a",
};

export const appendedExample = { accepted: 1, position: "8mi8wtfaq-13a", refused: [] };

const eventSchema = { description: "Any JSON value; an array is a batch of events" };

/** What POST takes: JSON, or one event a line. */
export const jsonBodies = {
  "application/json": {
    schema: eventSchema,
    examples: {
      one: { summary: "One event", value: { level: "INFO", message: "hello" } },
      several: {
        summary: "Several events",
        value: [
          { level: "INFO", message: "hello" },
          { level: "WARN", message: "again" },
        ],
      },
    },
  },
  "application/x-ndjson": {
    schema: { type: "string", description: "One event a line; a bad line refuses that line" },
    example: '{"level":"INFO","message":"hello"}\n{"level":"WARN","message":"again"}\n',
  },
} as const satisfies Record<string, MediaType>;

/** 200 and 207 of an append. */
export const appended = {
  "200": json("All records are durable.", ref("AppendAnswer"), appendedExample),
  "207": json("Some records are durable, `refused` names the others.", ref("AppendAnswer"), {
    ...appendedExample,
    refused: [
      { index: 1, field: "body", code: "invalid", message: "Cannot parse line 2: it is not JSON" },
    ],
  }),
};
