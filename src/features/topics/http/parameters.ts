/** What all addresses of topics share. */

import { z } from "zod";
import { type Failure, invalidField } from "../../../core/failure.ts";
import type { RecordHeaders } from "../../../core/record.ts";
import { parseName } from "../../../core/topic.ts";
import { parameter } from "../../../http/endpoint/parameter.ts";
import { nameShape } from "../../../http/endpoint/shapes.ts";

export const tag = "Topics";

export const topicName = { topic: parameter("The topic's name", nameShape, parseName, "orders") };

/** Asked of `TopicRules`, which know what internal topics contain. */
export const ofTopic = {
  handler: "the topic; of an internal one what its records are about",
} as const;

/** A header's value: text, or bytes that are not UTF-8, as records are shown with them. */
const headerValue = z.union([z.string(), z.strictObject({ base64: z.base64() })]);

/** Throws `invalid` for what is not a JSON object of texts and of bytes in base64. */
export function parseRecordHeaders(given: string, field: string): RecordHeaders {
  const headers = jsonOf(given);
  const isObject = typeof headers === "object" && headers !== null && !Array.isArray(headers);
  if (!isObject) throw wrongHeaders(field);
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      const parsed = headerValue.safeParse(value);
      if (!parsed.success) throw wrongHeaders(field);
      return [name, bytesOf(parsed.data)];
    }),
  );
}

function bytesOf(value: z.output<typeof headerValue>): Uint8Array {
  if (typeof value === "string") return new TextEncoder().encode(value);
  return Uint8Array.fromBase64(value.base64);
}

function wrongHeaders(field: string): Failure {
  return invalidField(
    field,
    `Cannot use ${field}: expected a JSON object of texts, {"source":"web"}, or of bytes, {"trace":{"base64":"AAEC"}}`,
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
