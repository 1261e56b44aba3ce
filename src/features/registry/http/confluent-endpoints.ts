/** The Confluent API: `/subjects`, `/schemas` and `/compatibility`. */

import { z } from "zod";
import { isPublic, needs } from "../../../http/access.ts";
import { endpoint } from "../../../http/endpoint/endpoint.ts";
import { optional, parameter, text } from "../../../http/endpoint/parameter.ts";
import { schemaIdMax } from "../../../http/request-records.ts";
import { RegistryFailure } from "../registry-port.ts";
import * as model from "./confluent-model.ts";
import {
  managesSubject,
  readsSome,
  readsSubject,
  subjectName,
  versionNumber,
} from "./endpoints.ts";

const { answered, errors, ofConfluent, problems } = model;

/** Schemas in one answer. */
export const schemasMax = 1000;
/** "No limit": names are short, and no registry has as many. */
export const subjectsMax = 1_000_000;

const namesShape = z.array(z.string());
const numbersShape = z.array(z.int());

export const subjects = endpoint("GET /subjects", {
  id: "subjects",
  ...ofConfluent,
  summary: "Subjects by name",
  query: {
    ...model.prefix,
    ...model.deleted,
    ...model.deletedOnly,
    ...model.offset,
    limit: model.lenientCount("At most so many", z.int().max(999_999_999), subjectsMax),
  },
  answers: { 200: answered("Their names.", namesShape), ...errors(400, 422) },
  problems,
  access: readsSome,
});

export const lookUpSchema = endpoint("POST /subjects/{subject}", {
  id: "lookUpSchema",
  ...ofConfluent,
  summary: "Which version has this schema",
  params: subjectName,
  query: { ...model.deleted, ...model.normalize, ...model.format },
  body: model.submissionBody,
  answers: { 200: answered("The version.", model.registeredShape), ...errors(400, 404, 413, 422) },
  problems,
  access: readsSubject,
});

export const deleteSubject = endpoint("DELETE /subjects/{subject}", {
  id: "deleteSubject",
  ...ofConfluent,
  summary: "Delete all versions",
  params: subjectName,
  query: model.permanent,
  answers: { 200: answered("Those deleted.", numbersShape), ...errors(404, 422) },
  problems,
  access: managesSubject,
});

export const versions = endpoint("GET /subjects/{subject}/versions", {
  id: "versions",
  ...ofConfluent,
  summary: "Versions of a subject",
  params: subjectName,
  query: { ...model.deleted, ...model.deletedOnly },
  answers: { 200: answered("Their numbers.", numbersShape), ...errors(404, 422) },
  problems,
  access: readsSubject,
});

export const registerSchema = endpoint("POST /subjects/{subject}/versions", {
  id: "registerSchema",
  ...ofConfluent,
  summary: "Register a schema",
  description:
    "Compiled and linked with all that it imports, or refused with all that is wrong. What the subject has already keeps its version.",
  params: subjectName,
  query: { ...model.normalize, ...model.format },
  body: model.submissionBody,
  answers: {
    200: answered("As it is registered.", model.registeredShape),
    ...errors(400, 409, 413, 422, 429),
  },
  problems,
  access: needs("append", "subject", { param: "subject" }),
});

const oneVersion = { ...subjectName, ...versionNumber };

export const version = endpoint("GET /subjects/{subject}/versions/{version}", {
  id: "version",
  ...ofConfluent,
  summary: "A version",
  params: oneVersion,
  query: { ...model.deleted, ...model.format },
  answers: { 200: answered("The version.", model.registeredShape), ...errors(404, 422) },
  problems,
  access: readsSubject,
});

export const deleteVersion = endpoint("DELETE /subjects/{subject}/versions/{version}", {
  id: "deleteVersion",
  ...ofConfluent,
  summary: "Delete a version",
  params: oneVersion,
  query: model.permanent,
  answers: { 200: answered("Its number.", z.int()), ...errors(404, 422) },
  problems,
  access: managesSubject,
});

export const versionText = endpoint("GET /subjects/{subject}/versions/{version}/schema", {
  id: "versionText",
  ...ofConfluent,
  summary: "A version's text",
  params: oneVersion,
  query: { ...model.deleted, ...model.format },
  answers: { 200: model.plainText, ...errors(404, 422) },
  problems,
  access: readsSubject,
});

export const referencedBy = endpoint("GET /subjects/{subject}/versions/{version}/referencedby", {
  id: "referencedBy",
  ...ofConfluent,
  summary: "Which schemas refer to a version",
  params: oneVersion,
  answers: { 200: answered("Their ids.", numbersShape), ...errors(404, 422) },
  problems,
  access: readsSubject,
});

export const schemas = endpoint("GET /schemas", {
  id: "schemas",
  ...ofConfluent,
  summary: "Schemas by subject and version",
  query: {
    ...model.prefix,
    ...model.deleted,
    latestOnly: model.lenientFlag("The newest of each subject"),
    ...model.offset,
    limit: model.lenientCount(
      `At most so many, and at most ${schemasMax}`,
      z.int().max(999_999_999).default(schemasMax),
      schemasMax,
    ),
  },
  answers: { 200: answered("The schemas.", z.array(model.registeredShape)), ...errors(400, 422) },
  problems,
  access: readsSome,
});

export const schemaTypes = endpoint("GET /schemas/types", {
  id: "schemaTypes",
  ...ofConfluent,
  summary: "Types of schemas",
  answers: { 200: answered("PROTOBUF alone.", namesShape), ...errors() },
  problems,
  access: isPublic("it names nothing: clients ask it to learn whom they talk to"),
});

const schemaId = {
  id: parameter(
    "The schema's global id",
    z.int().min(1).max(schemaIdMax),
    (given) => {
      const id = /^\d{1,10}$/.test(given) ? Number(given) : 0;
      if (id >= 1 && id <= schemaIdMax) return id;
      throw noSchema(given);
    },
    1,
  ),
};

export function noSchema(id: string): RegistryFailure {
  return new RegistryFailure("schema_not_found", `There is no schema with id ${id.slice(0, 50)}`);
}

const ofSubject = { subject: optional(text("As it was registered under this subject")) };

export const schemaTextById = endpoint("GET /schemas/ids/{id}", {
  id: "schemaTextById",
  ...ofConfluent,
  summary: "A schema by id",
  params: schemaId,
  query: { ...ofSubject, ...model.format },
  answers: { 200: answered("The schema.", model.schemaOfIdShape), ...errors(404) },
  problems,
  access: readsSome,
});

export const textById = endpoint("GET /schemas/ids/{id}/schema", {
  id: "textById",
  ...ofConfluent,
  summary: "A schema's text by id",
  params: schemaId,
  query: { ...ofSubject, ...model.format },
  answers: { 200: model.plainText, ...errors(404) },
  problems,
  access: readsSome,
});

export const versionsById = endpoint("GET /schemas/ids/{id}/versions", {
  id: "versionsById",
  ...ofConfluent,
  summary: "Where a schema is registered",
  params: schemaId,
  query: { ...model.deleted, ...ofSubject },
  answers: {
    200: answered(
      "Subjects and versions.",
      z.array(z.object({ subject: z.string(), version: model.numberShape })),
    ),
    ...errors(404),
  },
  problems,
  access: readsSome,
});

export const subjectsById = endpoint("GET /schemas/ids/{id}/subjects", {
  id: "subjectsById",
  ...ofConfluent,
  summary: "Subjects that have a schema",
  params: schemaId,
  query: { ...model.deleted, ...ofSubject },
  answers: { 200: answered("Their names.", namesShape), ...errors(404) },
  problems,
  access: readsSome,
});

const schemaGuid = {
  guid: text("The schema's GUID", {
    schema: z.string().meta({ format: "uuid" }),
    example: "58f56338-6522-805c-8584-cda51971897a",
  }),
};

export const schemaByGuid = endpoint("GET /schemas/guids/{guid}", {
  id: "schemaByGuid",
  ...ofConfluent,
  summary: "A schema by GUID",
  params: schemaGuid,
  query: model.format,
  answers: {
    200: answered("The schema.", model.schemaOfIdShape.extend({ id: model.numberShape })),
    ...errors(404),
  },
  problems,
  access: readsSome,
});

export const idsByGuid = endpoint("GET /schemas/guids/{guid}/ids", {
  id: "idsByGuid",
  ...ofConfluent,
  summary: "The ids of a GUID",
  params: schemaGuid,
  answers: {
    200: answered(
      "One, in the default context.",
      z.array(z.object({ context: z.string(), id: model.numberShape })),
    ),
    ...errors(404),
  },
  problems,
  access: readsSome,
});

const checked = {
  ...ofConfluent,
  query: {
    ...model.normalize,
    verbose: model.lenientFlag("With every reason why not"),
  },
  body: model.submissionBody,
  answers: {
    200: answered(
      "The verdict.",
      z.object({ is_compatible: z.boolean(), messages: z.array(z.string()).optional() }),
    ),
    ...errors(400, 404, 413, 422, 429),
  },
  problems,
};

export const checkCompatibility = endpoint("POST /compatibility/subjects/{subject}/versions", {
  ...checked,
  id: "checkCompatibility",
  summary: "Whether a schema could be registered",
  params: subjectName,
  access: readsSubject,
});

export const checkCompatibilityWith = endpoint(
  "POST /compatibility/subjects/{subject}/versions/{version}",
  {
    ...checked,
    id: "checkCompatibilityWith",
    summary: "Whether a schema could follow a version",
    params: oneVersion,
    access: readsSubject,
  },
);

export const confluentEndpoints = [
  subjects,
  lookUpSchema,
  deleteSubject,
  versions,
  registerSchema,
  version,
  deleteVersion,
  versionText,
  referencedBy,
  schemas,
  schemaTypes,
  schemaTextById,
  textById,
  versionsById,
  subjectsById,
  schemaByGuid,
  idsByGuid,
  checkCompatibility,
  checkCompatibilityWith,
];
