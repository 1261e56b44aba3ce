/** What the endpoints of the Confluent API share: shapes, answers, errors, lenient parameters. */

import { z } from "zod";
import { fieldValue } from "../../../core/parse.ts";
import { type Answers, content, type JsonAnswer, jsonBody } from "../../../http/endpoint/answer.ts";
import type { ProblemStatus } from "../../../http/endpoint/endpoint.ts";
import { optional, type Parameter, text } from "../../../http/endpoint/parameter.ts";

export const confluentType = "application/vnd.schemaregistry.v1+json";

/** Clients of later releases send parameters that this API does not have, and expect them to be ignored. */
export const ofConfluent = { tag: "Confluent API", otherQuery: "ignored" } as const;

/** Refused before the API is reached. */
export const problems: readonly ProblemStatus[] = [403];

/** For `reply`: JSON by the API's own name. */
export const asConfluent = { "content-type": confluentType };

export const numberShape = z.int().min(1);
const guidShape = z.string().meta({ format: "uuid" }).describe("Follows from the content alone");

const referenceShape = z
  .object({
    name: z.string().min(1).describe("The import's path"),
    subject: z.string().min(1),
    version: numberShape,
  })
  .describe("An import that is a schema of this registry.");

const requestedReferenceShape = referenceShape
  .extend({ version: z.int().min(-1).describe("From 1; 0 or -1: the latest") })
  .describe("An import that is a schema of this registry.");

/** Members that are not named are let through, as clients of later releases send them. */
export const submissionShape = z.object({
  schemaType: z
    .literal("PROTOBUF")
    .describe("Required: without it the API means AVRO, which is refused (42201)."),
  schema: z.string().describe("`.proto` text, or one FileDescriptorProto in base64"),
  references: z.array(requestedReferenceShape).nullish(),
  id: z.int().nullish().describe("Of mode IMPORT, which is not supported: above 0 it is refused"),
  version: z
    .int()
    .nullish()
    .describe("Of mode IMPORT, which is not supported: above 0 it is refused"),
  metadata: z.null().optional().describe("Not supported: refused (42201)"),
  ruleSet: z.null().optional().describe("Not supported: refused (42201)"),
});

const exampleText =
  'syntax = "proto3";\npackage acme.v1;\n\nmessage Watch {\n  string id = 1;\n  int32 bpm = 2;\n}\n';

export const submissionBody = confluentBody(submissionShape, {
  examples: {
    first: { summary: "A schema", value: { schemaType: "PROTOBUF", schema: exampleText } },
    second: {
      summary: "Its next version",
      value: {
        schemaType: "PROTOBUF",
        schema: exampleText.replace("}", "  bool worn = 3;\n}"),
      },
    },
  },
});

/** A JSON body by the API's own media type. */
export function confluentBody<Shape extends z.ZodType>(
  shape: Shape,
  texts: Parameters<typeof jsonBody<Shape>>[1],
) {
  const { content, ...body } = jsonBody(shape, texts);
  const media = content["application/json"];
  return { ...body, content: media === undefined ? {} : { [confluentType]: media } };
}

const unnamed = {
  guid: guidShape,
  schemaType: z.literal("PROTOBUF"),
  references: z.array(referenceShape).optional(),
  schema: z
    .string()
    .describe(
      "As it was registered; `format=serialized`: base64, also in the answer to base64 that was sent",
    ),
};

export const schemaOfIdShape = z.object(unnamed);

export const registeredShape = z.object({
  subject: z.string(),
  version: numberShape,
  id: numberShape,
  ...unnamed,
  deleted: z.boolean().optional(),
});

export function answered<Shape extends z.ZodType>(
  description: string,
  shape: Shape,
): JsonAnswer<Shape> {
  return { description, content: { [confluentType]: { schema: shape } }, json: shape };
}

export const plainText = content("The text alone.", "text/plain", { schema: z.string() });

const error = answered(
  "`error_code` is that of the Confluent Schema Registry; its first three digits are the status.",
  z.object({ error_code: z.int(), message: z.string() }),
);

type ErrorStatus = 400 | 401 | 403 | 404 | 409 | 413 | 422 | 429 | 503;

/** `{"error_code","message"}`; what is refused before the API is reached is a problem. */
export function errors(...statuses: readonly ErrorStatus[]): Answers {
  return Object.fromEntries([401, 403, ...statuses, 503].map((status) => [status, error]));
}

/** `true`; anything else is false, as in the registry whose API this is. */
export function lenientFlag(description: string): Parameter<boolean> {
  return {
    description,
    schema: z.boolean().default(false),
    isRequired: false,
    parse: (given) => given?.toLowerCase() === "true",
  };
}

/** A count; a negative one, as clients send for "no limit", gives `byDefault`. */
export function lenientCount(
  description: string,
  schema: z.ZodType,
  byDefault: number,
): Parameter<number> {
  return {
    description,
    schema,
    isRequired: false,
    parse(given, field) {
      if (given === undefined || /^-\d+$/.test(given)) return byDefault;
      const isCount = /^\d{1,9}$/.test(given);
      return fieldValue(
        field,
        given,
        isCount ? { ok: true, value: Number(given) } : { ok: false, expected: "a whole number" },
      );
    },
  };
}

export const deleted = { deleted: lenientFlag("Deleted ones as well") };
export const deletedOnly = { deletedOnly: lenientFlag("Only those that are deleted") };
export const permanent = {
  permanent: lenientFlag("Permanently; it must have been deleted before"),
};
export const normalize = { normalize: lenientFlag("Schemas always are") };
export const prefix = { subjectPrefix: optional(text("Beginning of the subject's name")) };
export const offset = {
  offset: lenientCount("So many are left out", z.int().max(999_999_999).default(0), 0),
};
export const format = {
  format: optional(text("`serialized`: one FileDescriptorProto in base64")),
};
export const defaultToGlobal = {
  defaultToGlobal: lenientFlag("Where it has none, that of all subjects"),
};
