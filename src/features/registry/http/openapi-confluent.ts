/** The Confluent Schema Registry's API. */
import { compatibilities, registryModes } from "../registry-port.ts";
import { confluentType } from "./confluent-error.ts";
import * as model from "./confluent-model.ts";
import type { Operation, Paths, RequestBody, Schema } from "../../../http/openapi/model.ts";
import { idParameter, subjectParameter, versionParameter } from "./openapi-registry.ts";

const tags = ["Confluent API"];
const { answered, errors, list } = model;
const ids = list({ type: "integer" });
const versions = list({ type: "integer" });
const subjects = list({ type: "string" });

const guidParameter = {
  name: "guid",
  in: "path",
  required: true,
  description: "The schema's GUID",
  schema: { type: "string", format: "uuid" },
  example: "58f56338-6522-805c-8584-cda51971897a",
} as const;

const subjectPaths: Paths = {
  "/subjects": {
    get: {
      operationId: "subjects",
      tags,
      summary: "Subjects by name",
      parameters: [model.prefix, model.deleted, model.deletedOnly, model.offset, model.limit],
      responses: { "200": answered("Their names.", subjects), ...errors(422) },
    },
  },
  "/subjects/{subject}": {
    parameters: [subjectParameter],
    post: {
      operationId: "lookUpSchema",
      tags,
      summary: "Which version has this schema",
      parameters: [model.deleted, model.normalize, model.format],
      requestBody: model.submission,
      responses: { "200": answered("The version.", model.registered), ...errors(404, 413, 422) },
    },
    delete: {
      operationId: "deleteSubject",
      tags,
      summary: "Delete all versions",
      parameters: [model.permanent],
      responses: { "200": answered("Those deleted.", versions), ...errors(404, 422) },
    },
  },
  "/subjects/{subject}/versions": {
    parameters: [subjectParameter],
    get: {
      operationId: "versions",
      tags,
      summary: "Versions of a subject",
      parameters: [model.deleted, model.deletedOnly],
      responses: { "200": answered("Their numbers.", versions), ...errors(404, 422) },
    },
    post: {
      operationId: "registerSchema",
      tags,
      summary: "Register a schema",
      description:
        "Compiled and linked with all that it imports, or refused with all that is wrong. What the subject has already keeps its version.",
      parameters: [model.normalize, model.format],
      requestBody: model.submission,
      responses: {
        "200": answered("As it stands.", model.registered),
        ...errors(409, 413, 422, 429),
      },
    },
  },
  "/subjects/{subject}/versions/{version}": {
    parameters: [subjectParameter, versionParameter],
    get: {
      operationId: "version",
      tags,
      summary: "A version",
      parameters: [model.deleted, model.format],
      responses: { "200": answered("The version.", model.registered), ...errors(404, 422) },
    },
    delete: {
      operationId: "deleteVersion",
      tags,
      summary: "Delete a version",
      parameters: [model.permanent],
      responses: {
        "200": answered("Its number.", { type: "integer" }),
        ...errors(404, 422),
      },
    },
  },
  "/subjects/{subject}/versions/{version}/schema": {
    parameters: [subjectParameter, versionParameter],
    get: {
      operationId: "versionText",
      tags,
      summary: "A version's text",
      parameters: [model.deleted, model.format],
      responses: { "200": model.plainText, ...errors(404, 422) },
    },
  },
  "/subjects/{subject}/versions/{version}/referencedby": {
    parameters: [subjectParameter, versionParameter],
    get: {
      operationId: "referencedBy",
      tags,
      summary: "Which schemas refer to a version",
      responses: { "200": answered("Their ids.", ids), ...errors(404, 422) },
    },
  },
};

const schemaPaths: Paths = {
  "/schemas": {
    get: {
      operationId: "schemas",
      tags,
      summary: "Schemas by subject and version",
      parameters: [
        model.prefix,
        model.deleted,
        model.query("latestOnly", "The newest of each subject", { type: "boolean" }),
        model.offset,
        model.query("limit", "At most so many", { type: "integer", maximum: 1000, default: 1000 }),
      ],
      responses: { "200": answered("The schemas.", list(model.registered)), ...errors(422) },
    },
  },
  "/schemas/types": {
    get: {
      operationId: "schemaTypes",
      tags,
      summary: "Types of schemas",
      responses: { "200": answered("PROTOBUF alone.", list({ type: "string" })), ...errors() },
    },
  },
  "/schemas/ids/{id}": {
    parameters: [idParameter],
    get: {
      operationId: "schemaTextById",
      tags,
      summary: "A schema by id",
      parameters: [
        model.query("subject", "As it was registered there", { type: "string" }),
        model.format,
      ],
      responses: { "200": answered("The schema.", model.schemaOfId), ...errors(404) },
    },
  },
  "/schemas/ids/{id}/schema": {
    parameters: [idParameter],
    get: {
      operationId: "textById",
      tags,
      summary: "A schema's text by id",
      parameters: [model.query("subject", "As there", { type: "string" }), model.format],
      responses: { "200": model.plainText, ...errors(404) },
    },
  },
  "/schemas/ids/{id}/versions": {
    parameters: [idParameter],
    get: {
      operationId: "versionsById",
      tags,
      summary: "Where a schema is registered",
      parameters: [model.deleted],
      responses: {
        "200": answered("Subjects and versions.", list(model.subjectAndVersion)),
        ...errors(404),
      },
    },
  },
  "/schemas/ids/{id}/subjects": {
    parameters: [idParameter],
    get: {
      operationId: "subjectsById",
      tags,
      summary: "Subjects that have a schema",
      parameters: [model.deleted],
      responses: { "200": answered("Their names.", subjects), ...errors(404) },
    },
  },
  "/schemas/guids/{guid}": {
    parameters: [guidParameter],
    get: {
      operationId: "schemaByGuid",
      tags,
      summary: "A schema by GUID",
      parameters: [model.format],
      responses: { "200": answered("The schema.", model.schemaOfId), ...errors(404) },
    },
  },
  "/schemas/guids/{guid}/ids": {
    parameters: [guidParameter],
    get: {
      operationId: "idsByGuid",
      tags,
      summary: "The ids of a GUID",
      responses: {
        "200": answered("One, in the default context.", list({ type: "object" })),
        ...errors(404),
      },
    },
  },
};

const verdict: Operation = {
  operationId: "checkCompatibility",
  tags,
  summary: "Whether a schema could be registered",
  parameters: [
    model.normalize,
    model.query("verbose", "With every reason why not", { type: "boolean" }),
  ],
  requestBody: model.submission,
  responses: {
    "200": answered("The verdict.", {
      type: "object",
      properties: {
        is_compatible: { type: "boolean" },
        messages: { type: "array", items: { type: "string" } },
      },
      required: ["is_compatible"],
    }),
    ...errors(404, 413, 422, 429),
  },
};

const compatibilityPaths: Paths = {
  "/compatibility/subjects/{subject}/versions": {
    parameters: [subjectParameter],
    post: verdict,
  },
  "/compatibility/subjects/{subject}/versions/{version}": {
    parameters: [subjectParameter, versionParameter],
    post: {
      ...verdict,
      operationId: "checkCompatibilityWith",
      summary: "Whether a schema could follow a version",
    },
  },
};

const compatibility: Schema = { type: "string", enum: compatibilities };
const mode: Schema = { type: "string", enum: registryModes };

/** GET, PUT and DELETE of one setting. */
function setting(what: "config" | "mode", of: "global" | "subject"): Paths[string] {
  const answerName = what === "config" ? "compatibilityLevel" : "mode";
  const bodyName = what === "config" ? "compatibility" : "mode";
  const schema = what === "config" ? compatibility : mode;
  const value = what === "config" ? "BACKWARD" : "READWRITE";
  const name = `${of}${what === "config" ? "Config" : "Mode"}`;
  const whose = of === "global" ? "of all subjects" : "of a subject";
  const shape = (property: string): Schema => ({
    type: "object",
    properties: { [property]: schema },
    required: [property],
  });
  const requestBody: RequestBody = {
    required: true,
    content: { [confluentType]: { schema: shape(bodyName), example: { [bodyName]: value } } },
  };
  const current = answered("The setting.", shape(answerName));
  const remove: Operation = {
    operationId: `delete${name}`,
    tags,
    summary: `Take away the ${what} ${whose}`,
    responses: { "200": answered("What it was.", shape(answerName)), ...errors(404, 422) },
  };
  return {
    ...(of === "subject" ? { parameters: [subjectParameter] } : {}),
    get: {
      operationId: name,
      tags,
      summary: `The ${what} ${whose}`,
      parameters: of === "subject" ? [model.defaultToGlobal] : [],
      responses: { "200": current, ...errors(404, 422) },
    },
    put: {
      operationId: `set${name}`,
      tags,
      summary: `Set the ${what} ${whose}`,
      requestBody,
      responses: { "200": answered("The setting.", shape(bodyName)), ...errors(413, 422) },
    },
    ...(what === "mode" && of === "global" ? {} : { delete: remove }),
  };
}

export const confluentPaths: Paths = {
  ...subjectPaths,
  ...schemaPaths,
  ...compatibilityPaths,
  "/config": setting("config", "global"),
  "/config/{subject}": setting("config", "subject"),
  "/mode": setting("mode", "global"),
  "/mode/{subject}": setting("mode", "subject"),
};
