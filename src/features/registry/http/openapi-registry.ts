/** `/v1/schemas`: descriptor sets. */
import type { Parameter, Paths, ResponseObject, Responses } from "../../../http/openapi/model.ts";
import { problems } from "../../../http/openapi/responses.ts";

const tags = ["Registry"];

/** Registered by an example; then the others find it. */
export const subjectParameter: Parameter = {
  name: "subject",
  in: "path",
  required: true,
  description: "The subject's name; a slash in it is written `%2F`",
  schema: { type: "string", minLength: 1, maxLength: 255 },
  example: "watch-value",
};

export const versionParameter: Parameter = {
  name: "version",
  in: "path",
  required: true,
  description: "A number from 1, or `latest`",
  schema: { type: "string", pattern: "^([0-9]+|latest|-1)$" },
  example: "1",
};

export const idParameter: Parameter = {
  name: "id",
  in: "path",
  required: true,
  description: "The schema's global id",
  schema: { type: "integer", minimum: 1, maximum: 2 ** 31 - 1 },
  example: 1,
};

const ifNoneMatch: Parameter = {
  name: "If-None-Match",
  in: "header",
  description: "The `ETag` of what you have",
  schema: { type: "string" },
};

const description =
  "A `google.protobuf.FileDescriptorSet` of the schema's file and all that it imports, each file after those that it imports: enough to decode without generated code.";

const set: ResponseObject = {
  description: "The set.",
  headers: {
    ETag: { description: "The set's SHA-256", schema: { type: "string" } },
    "Sluice-Schema-Id": { description: "The global id", schema: { type: "integer" } },
    "Sluice-Schema-File": {
      description: "Path of the schema's own file in the set, percent-encoded",
      schema: { type: "string" },
    },
  },
  content: { "application/protobuf": { schema: { type: "string", format: "binary" } } },
};

const responses: Responses = {
  "200": set,
  "304": { description: "It is the one that you have." },
  ...problems(400, 404, 503),
};

export const registryPaths: Paths = {
  "/v1/schemas/{id}": {
    parameters: [idParameter],
    get: {
      operationId: "schemaById",
      tags,
      summary: "A descriptor set, by id",
      description: `${description} What an id stands for never changes, so it may be cached for good.`,
      parameters: [ifNoneMatch],
      responses,
    },
  },
  "/v1/schemas/by-name/{name}": {
    parameters: [
      {
        name: "name",
        in: "path",
        required: true,
        description: "The full name of a message: the newest schema whose own file declares it",
        schema: { type: "string" },
        example: "acme.v1.Watch",
      },
    ],
    get: {
      operationId: "schemaByName",
      tags,
      summary: "A descriptor set, by a message's name",
      description,
      parameters: [ifNoneMatch],
      responses,
    },
  },
  "/v1/subjects/{subject}/versions/{version}": {
    parameters: [subjectParameter, versionParameter],
    get: {
      operationId: "schemaByVersion",
      tags,
      summary: "A descriptor set, by subject and version",
      description,
      parameters: [ifNoneMatch],
      responses,
    },
  },
};
