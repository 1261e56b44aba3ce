/** Values that the endpoints of several features take or answer. */

import { z } from "zod";
import { failureCodes } from "../../core/failure.ts";

export const nameShape = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,200}$/, "expected 1 to 200 characters of A-Z a-z 0-9 . _ -")
  // In an address they lead to another one.
  .refine((name) => name !== "." && name !== "..", "expected another name than . and ..")
  .meta({ id: "Name", description: "1 to 200 characters of A-Z a-z 0-9 . _ -" });

export const positionShape = z
  .string()
  .regex(/^[0-9a-z]{2,12}-[0-9a-z]{2,12}(-[0-9a-z]{2,12})?$/)
  .meta({
    id: "Position",
    description:
      "Where a reader is in a topic: an opaque token, the same in a page's `next`, an SSE `id:` and a WebSocket message. Tokens of one topic sort as text in the order of its records.",
    examples: ["8mi8wtfaq-23a"],
  });

export const timeShape = z
  .string()
  .meta({ id: "Time", format: "date-time", description: "RFC 3339, UTC" });

/** A number of things. */
export const countShape = z.int().min(0);

/**
 * An int64, exact on the wire. JavaScript would round it, so code reads and writes its digits as
 * text, and the shape describes it for the document alone.
 */
export const int64Shape = z.unknown().meta({ type: "integer", format: "int64" });

const failureCodeShape = z.enum(failureCodes).meta({
  id: "FailureCode",
  description: "Stable: decide by this, not by a text.",
});

export const issueShape = z
  .object({
    index: countShape.optional().describe("The record's place in the batch, from 0"),
    field: z.string().describe("The field, parameter or header that is wrong"),
    code: failureCodeShape,
    message: z.string().describe("What was given and what is expected"),
  })
  .meta({ id: "Issue", description: "One refused field or record." });

export const problemShape = z
  .object({
    type: z.string().meta({ format: "uri", examples: ["urn:sluice:problem:invalid"] }),
    title: z.string().describe("The kind of problem"),
    status: z.int().describe("The HTTP status"),
    detail: z.string().describe("This occurrence: what was given and what is expected"),
    code: failureCodeShape,
    position: positionShape.optional().describe("Where reading can start again"),
    errors: z.array(issueShape).optional(),
  })
  .meta({ id: "Problem", description: "Problem details (RFC 9457)." });

export const eventShape = z
  .object({
    position: positionShape,
    time: timeShape.describe("When the producer stamped it"),
    key: z.string().optional().describe("Left out where the record has none"),
    received: timeShape.optional().describe("With `details`: when the gateway received it"),
    headers: z
      .record(z.string(), z.union([z.string(), z.object({ base64: z.string() })]))
      .optional()
      .describe("With `details`: text, or `base64` of bytes that are not UTF-8"),
    content_type: z.string().optional().describe("With `details`"),
    size: countShape.optional().describe("With `details`: bytes of the record's value"),
    data: z
      .unknown()
      .optional()
      .describe(
        'The record\'s JSON exactly as it was appended; `{"base64":"…"}` where it is not JSON',
      ),
    cut: z
      .union([z.string(), z.object({ base64: z.string() })])
      .optional()
      .describe(
        "In place of `data`, of a value of more than `value_bytes`: the start of its text, or of its bytes",
      ),
    schema: z
      .object({
        id: z.int().describe("The registry's id"),
        name: z.string().optional().describe("The message's full name, where there is one"),
        subjects: z
          .array(z.object({ subject: z.string(), version: z.int() }))
          .optional()
          .describe(
            "With `details`: the versions that it is registered as, of the subjects that you may read",
          ),
      })
      .optional()
      .describe("With `decode=json` or `details`: what the record is written in"),
    error: issueShape.optional().describe("With `decode=json`: why `data` is not decoded"),
  })
  .meta({ id: "Event" });

export const pageShape = z
  .object({
    events: z.array(eventShape),
    next: positionShape
      .nullable()
      .describe("As `after`, gives the later page; null when nothing lies beyond"),
    prev: positionShape
      .nullable()
      .describe("As `before`, gives the earlier page; null when nothing lies beyond"),
    scanned: countShape
      .optional()
      .describe(
        "With a filter or a form: how many records were looked at. A filter's page ends after a second of work, also where nothing was found: go on from `next` or `prev`",
      ),
    undecodable: countShape
      .optional()
      .describe("How many of them could not be decoded, where that was needed"),
    failed: countShape
      .optional()
      .describe("For how many of them `where` is neither true nor false: a field is missing"),
    failure: z.string().optional().describe("Why, for the first of them"),
    covers: z
      .object({
        first: positionShape,
        last: positionShape,
        oldest: timeShape.describe("When the first was received"),
        newest: timeShape.describe("When the last was received"),
      })
      .nullable()
      .optional()
      .describe("The oldest and the newest record that were looked at"),
    start: positionShape.optional().describe("`after` this position reads everything kept"),
    end: positionShape.optional().describe("The newest record of the topic"),
    kept: countShape.optional().describe("About how many records the topic keeps"),
  })
  .meta({ id: "Page", description: "Some events of a stream, oldest first." });

export const pageExample = {
  events: [
    {
      position: "8mi8wtfaq-23a",
      time: "2026-11-21T10:02:11.920Z",
      key: "web-1",
      data: { level: "INFO", message: "GET /orders 200 12 ms" },
    },
  ],
  next: null,
  prev: "8mi8wtfaq-23a",
};
