/** `/v1/schemas`: descriptor sets. */

import { z } from "zod";
import { needs } from "../../../http/access.ts";
import { type Answers, empty } from "../../../http/endpoint/answer.ts";
import { endpoint } from "../../../http/endpoint/endpoint.ts";
import { count, optional, parameter, text } from "../../../http/endpoint/parameter.ts";
import { schemaIdMax } from "../../../http/request-records.ts";
import { parseVersion } from "../subject.ts";

const tag = "Registry";

export const readsSubject = needs("read", "subject", { param: "subject" });
export const managesSubject = needs("manage", "subject", { param: "subject" });
/** A schema belongs to each subject that has it. */
export const readsSome = needs("read", "subject", { some: "those that have the schema" });

/** The examples register it; then the others find it. */
export const subjectName = {
  subject: text("The subject's name; a slash in it is written `%2F`", {
    schema: z.string().min(1).max(255),
    example: "watch-value",
  }),
};

export const versionNumber = {
  version: parameter(
    "A number from 1, or `latest`",
    z.string().regex(/^([1-9][0-9]{0,9}|latest|-1)$/),
    parseVersion,
    "1",
  ),
};

const headers = {
  "If-None-Match": optional(text("The `ETag` of what you have")),
};

const description =
  "A `google.protobuf.FileDescriptorSet` of the schema's file and all that it imports, each file after those that it imports: enough to decode without generated code.";

const answers: Answers = {
  200: {
    description: "The set.",
    headers: {
      ETag: { description: "The set's SHA-256", schema: z.string() },
      "Sluice-Schema-Id": { description: "The global id", schema: z.int() },
      "Sluice-Schema-File": {
        description: "Path of the schema's own file in the set, percent-encoded",
        schema: z.string(),
      },
    },
    content: { "application/protobuf": { schema: z.string().meta({ format: "binary" }) } },
  },
  304: empty("It is the one that you have."),
};

export const schemaById = endpoint("GET /v1/schemas/{id}", {
  id: "schemaById",
  tag,
  summary: "A descriptor set, by id",
  description: `${description} The schema of an id never changes, so it may be cached permanently.`,
  params: { id: count("The schema's global id", { min: 1, max: schemaIdMax, example: 1 }) },
  headers,
  answers,
  problems: [400, 404, 503],
  access: readsSome,
});

export const schemaByName = endpoint("GET /v1/schemas/by-name/{name}", {
  id: "schemaByName",
  tag,
  summary: "A descriptor set, by a message's name",
  description,
  params: {
    name: text("The full name of a message: the newest schema whose own file declares it", {
      example: "acme.v1.Watch",
    }),
  },
  headers,
  answers,
  problems: [400, 404, 503],
  access: readsSome,
});

export const schemaByVersion = endpoint("GET /v1/subjects/{subject}/versions/{version}", {
  id: "schemaByVersion",
  tag,
  summary: "A descriptor set, by subject and version",
  description,
  params: { ...subjectName, ...versionNumber },
  headers,
  answers,
  problems: [400, 404, 503],
  access: readsSubject,
});

export const registryEndpoints = [schemaById, schemaByName, schemaByVersion];
