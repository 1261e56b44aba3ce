/** What the addresses of the Confluent API share in the document. */
import { confluentType } from "./confluent-error.ts";
import type {
  Content,
  Parameter,
  RequestBody,
  ResponseObject,
  Responses,
  Schema,
} from "../../../http/openapi/model.ts";
import { problems } from "../../../http/openapi/responses.ts";

const id: Schema = { type: "integer", minimum: 1 };
const subject: Schema = { type: "string" };
const version: Schema = { type: "integer", minimum: 1 };

const reference: Schema = {
  type: "object",
  description: "An import that is a schema of this registry.",
  properties: { name: { type: "string", description: "The import's path" }, subject, version },
  required: ["name", "subject", "version"],
};

export const text =
  'syntax = "proto3";\npackage acme.v1;\n\nmessage Watch {\n  string id = 1;\n  int32 bpm = 2;\n}\n';

export const submission: RequestBody = {
  required: true,
  content: {
    "application/vnd.schemaregistry.v1+json": {
      schema: {
        type: "object",
        properties: {
          schemaType: {
            type: "string",
            enum: ["PROTOBUF"],
            description: "Has to be said: without it the API means AVRO, which is refused (42201).",
          },
          schema: {
            type: "string",
            description: "`.proto` text, or one FileDescriptorProto in base64",
          },
          references: { type: "array", items: reference },
        },
        required: ["schema", "schemaType"],
      },
      examples: {
        first: { summary: "A schema", value: { schemaType: "PROTOBUF", schema: text } },
        second: {
          summary: "Its next version",
          value: { schemaType: "PROTOBUF", schema: text.replace("}", "  bool worn = 3;\n}") },
        },
      },
    },
  },
};

const unnamed: Readonly<Record<string, Schema>> = {
  guid: { type: "string", format: "uuid", description: "Follows from the content alone" },
  schemaType: { type: "string", const: "PROTOBUF" },
  references: { type: "array", items: reference },
  schema: { type: "string", description: "As it was registered; `format=serialized`: base64" },
};

export const schemaOfId: Schema = {
  type: "object",
  properties: unnamed,
  required: ["guid", "schemaType", "schema"],
};

export const registered: Schema = {
  type: "object",
  properties: { subject, version, id, ...unnamed, deleted: { type: "boolean" } },
  required: ["subject", "version", "id", "guid", "schemaType", "schema"],
};

export const subjectAndVersion: Schema = {
  type: "object",
  properties: { subject, version },
  required: ["subject", "version"],
};

export function list(items: Schema): Schema {
  return { type: "array", items };
}

export function answered(description: string, schema: Schema): ResponseObject {
  return { description, content: content(schema) };
}

export const plainText: ResponseObject = {
  description: "The text alone.",
  content: { "text/plain": { schema: { type: "string" } } },
};

const error = {
  description:
    "`error_code` is that of the Confluent Schema Registry; its first three digits are the status.",
  content: content({
    type: "object",
    properties: { error_code: { type: "integer" }, message: { type: "string" } },
    required: ["error_code", "message"],
  }),
} as const satisfies ResponseObject;

/** `{"error_code","message"}`; what is refused before the API is reached is a problem. */
export function errors(...statuses: (404 | 409 | 413 | 422 | 429 | 503)[]): Responses {
  return {
    ...problems(403),
    ...Object.fromEntries(statuses.map((status) => [String(status), error])),
    "503": error,
  };
}

function content(schema: Schema): Content {
  return { [confluentType]: { schema } };
}

export function query(name: string, description: string, schema: Schema): Parameter {
  return { name, in: "query", description, schema };
}

const boolean: Schema = { type: "boolean", default: false };

export const deleted = query("deleted", "Those that are deleted, too", boolean);
export const deletedOnly = query("deletedOnly", "Only those that are deleted", boolean);
export const permanent = query("permanent", "For good; it has to be deleted before", boolean);
export const normalize = query("normalize", "Schemas always are", boolean);
export const prefix = query("subjectPrefix", "Of the subject's name", { type: "string" });
export const offset = query("offset", "So many are left out", { type: "integer", default: 0 });
export const limit = query("limit", "At most so many", { type: "integer" });
export const format = query("format", "`serialized`: one FileDescriptorProto in base64", {
  type: "string",
});
export const defaultToGlobal = query("defaultToGlobal", "Else what holds for all", boolean);
