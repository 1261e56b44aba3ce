/** What every endpoint that appends takes and answers. */

import { z } from "zod";
import { invalidField } from "../../core/failure.ts";
import type { AppendOptions } from "../../core/log.ts";
import { type Content, json } from "./answer.ts";
import { optional, parameter, text, type Values } from "./parameter.ts";
import { issueShape, positionShape } from "./shapes.ts";

const dedupIdPattern = /^[!-~]{1,200}$/;

const idempotencyKey = parameter(
  "1 to 200 visible ASCII characters. A retry with the same key stores nothing and is answered as the first.",
  z.string().regex(dedupIdPattern),
  (given, field) => {
    if (dedupIdPattern.test(given)) return given;
    throw invalidField(field, `Cannot use ${field}: expected 1 to 200 visible ASCII characters`);
  },
);

/** `Bodies` checks it. */
export const contentEncoding = {
  "Content-Encoding": optional(
    text("How the body is compressed", { schema: z.enum(["gzip", "deflate", "identity"]) }),
  ),
};

export const appendHeaders = {
  "Idempotency-Key": optional(idempotencyKey),
  ...contentEncoding,
};

export function appendOptions(
  headers: Pick<Values<typeof appendHeaders>, "Idempotency-Key">,
): AppendOptions {
  const dedupId = headers["Idempotency-Key"];
  return dedupId === undefined ? {} : { dedupId };
}

/** The same for handlers that get the request alone. */
export function appendOptionsFrom(headers: Headers): AppendOptions {
  const given = headers.get("idempotency-key");
  if (given === null) return {};
  return { dedupId: idempotencyKey.parse(given, "idempotency-key") };
}

/** JSON, or one event a line. */
export const eventBodies = {
  "application/json": {
    schema: z.unknown().describe("Any JSON value; an array is a batch of events"),
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
    schema: z.string().describe("One event a line; a bad line refuses that line"),
    example: '{"level":"INFO","message":"hello"}\n{"level":"WARN","message":"again"}\n',
  },
} satisfies Content;

const appendAnswerShape = z
  .object({
    accepted: z.int().min(1).describe("Records that are now durable"),
    position: positionShape.describe("Position of the last accepted record"),
    refused: z.array(issueShape),
  })
  .meta({ id: "AppendAnswer" });

export const appendedExample = {
  accepted: 1,
  position: "8mi8wtfaq-23a",
  refused: [],
};

const previewShape = appendAnswerShape
  .extend({ position: positionShape.nullable().describe("null in a dry run") })
  .meta({ id: "AppendOrDryRunAnswer" });

/** Of an endpoint that can try an append without storing anything. */
export const appendedOrTried = {
  200: json("All records are durable, or would be taken.", previewShape, appendedExample),
  207: json("Some records are, `refused` names the others.", previewShape),
};

export const appended = {
  200: json("All records are durable.", appendAnswerShape, appendedExample),
  207: json("Some records are durable, `refused` names the others.", appendAnswerShape, {
    ...appendedExample,
    refused: [
      { index: 1, field: "body", code: "invalid", message: "Cannot parse line 2: it is not JSON" },
    ],
  }),
};
