/** `/v1/registry`: the registry in JSON. Subjects are in the query, because proxies decode `%2F`. */

import { z } from "zod";
import { parseName } from "../../../../core/topic.ts";
import { needs } from "../../../../http/access.ts";
import { json } from "../../../../http/endpoint/answer.ts";
import { endpoint } from "../../../../http/endpoint/endpoint.ts";
import { pageLimit } from "../../../../http/endpoint/paging.ts";
import {
  count,
  flag,
  optional,
  parameter,
  shortText,
  withDefault,
} from "../../../../http/endpoint/parameter.ts";
import { nameShape } from "../../../../http/endpoint/shapes.ts";
import { schemaIdMax } from "../../../../http/request-records.ts";
import { parseSubject, parseVersion } from "../../subject.ts";
import { readsSome, readsSubject } from "../endpoints.ts";
import * as shapes from "./shapes.ts";

const tag = "Registry";

export const subject = {
  subject: parameter("The subject's name", shapes.subjectShape, parseSubject, "watch-value"),
};

const versionPattern = /^([1-9][0-9]{0,9}|latest|-1)$/;
export const version = {
  version: withDefault(
    parameter("A number from 1, or `latest`", z.string().regex(versionPattern), parseVersion),
    "latest",
  ),
};

const versionsMax = 2 ** 31 - 1;
const deleted = flag("Deleted ones as well");
const topicAfter = optional(
  parameter("The topics whose names come after this one", nameShape, parseName),
);
const schemaId = {
  id: count("The schema's global id", { min: 1, max: schemaIdMax, example: 1 }),
};
const limit = pageLimit("Entries in the page");

export const listSubjects = endpoint("GET /v1/registry/subjects", {
  id: "listSubjects",
  tag,
  summary: "List subjects",
  description: "By name, each with its newest version.",
  query: {
    q: withDefault(shortText("Part of the name, in any case of letters", 255), ""),
    after: optional(
      parameter(
        "The subjects whose names come after this one: the `next` of an earlier answer",
        shapes.subjectShape,
        parseSubject,
      ),
    ),
    limit,
    deleted,
  },
  answers: {
    200: json("A page.", shapes.subjectsShape, {
      subjects: [
        {
          subject: "watch-value",
          versions: 2,
          latest: shapes.versionExample,
          compatibility: null,
          mode: null,
        },
      ],
      next: null,
    }),
  },
  problems: [400, 503],
  access: readsSome,
});

export const listVersions = endpoint("GET /v1/registry/versions", {
  id: "listVersions",
  tag,
  summary: "List a subject's versions",
  description: "The newest first.",
  query: {
    ...subject,
    before: optional(count("The versions before this one", { min: 1, max: versionsMax })),
    limit,
    deleted,
  },
  answers: {
    200: json("A page.", shapes.versionsShape, { versions: [shapes.versionExample], next: null }),
  },
  problems: [400, 404, 503],
  access: readsSubject,
});

export const describeVersion = endpoint("GET /v1/registry/version", {
  id: "describeVersion",
  tag,
  summary: "A version with its text",
  query: { ...subject, ...version, deleted },
  answers: { 200: json("The version.", shapes.oneVersionShape) },
  problems: [400, 404, 503],
  access: readsSubject,
});

export const listChanges = endpoint("GET /v1/registry/changes", {
  id: "listChanges",
  tag,
  summary: "What changed between two versions",
  description:
    "Every difference in both directions, whether it breaks readers, and whether the subject's compatibility forbids it.",
  query: {
    ...subject,
    from: withDefault(count("The earlier version", { min: 1, max: versionsMax }), 1),
    to: withDefault(
      parameter(
        "The later version: a number from 1, or `latest`",
        z.string().regex(versionPattern),
        parseVersion,
      ),
      "latest",
    ),
  },
  answers: { 200: json("The changes.", shapes.changesShape) },
  problems: [400, 404, 503],
  access: readsSubject,
});

export const listReferences = endpoint("GET /v1/registry/references", {
  id: "listReferences",
  tag,
  summary: "What a version imports, and what imports it",
  description:
    "Level by level in both directions, at most 200 versions. Subjects that the caller may not read are left out.",
  query: { ...subject, ...version },
  answers: { 200: json("The graph.", shapes.referencesShape) },
  problems: [400, 404, 503],
  access: readsSubject,
});

const topicUses = json("A page.", shapes.topicUsesShape, {
  topics: [
    {
      topic: "pulse",
      id: 17,
      schemas: 1,
      first_seen_at: "2026-11-20T08:00:00.000Z",
      last_seen_at: "2026-11-21T10:02:11.000Z",
    },
  ],
  next: null,
});

const seenWhere =
  "The topics in which records were seen: those that a topic's schema rule accepted, and those that were decoded for a reader. It is a moment late, and forgets what was not seen for 30 days.";

export const subjectTopics = endpoint("GET /v1/registry/topics", {
  id: "subjectTopics",
  tag,
  summary: "Topics with records of a subject",
  description: seenWhere,
  query: { ...subject, after: topicAfter, limit },
  answers: { 200: topicUses },
  problems: [400, 403, 503],
  access: readsSubject,
});

export const describeSchema = endpoint("GET /v1/registry/schemas/{id}", {
  id: "describeSchema",
  tag,
  summary: "What an id stands for",
  description: "All subjects and versions that have the schema.",
  params: schemaId,
  query: {
    offset: withDefault(count("So many are left out", { max: 1_000_000 }), 0),
    limit,
  },
  answers: { 200: json("The schema.", shapes.schemaShape) },
  problems: [400, 404, 503],
  access: readsSome,
});

export const schemaTopics = endpoint("GET /v1/registry/schemas/{id}/topics", {
  id: "schemaTopics",
  tag,
  summary: "Topics with records of a schema",
  description: seenWhere,
  params: schemaId,
  query: { after: topicAfter, limit },
  answers: { 200: topicUses },
  problems: [400, 404, 503],
  access: readsSome,
});

export const schemaTemplate = endpoint("GET /v1/registry/schemas/{id}/template", {
  id: "schemaTemplate",
  tag,
  summary: "A message to start from",
  description:
    "Protobuf JSON with every field of the schema, each with its default. Of a oneof its first field is there; a message within itself is left out.",
  params: schemaId,
  query: {
    message: optional(shortText("The message's full name; left out: the first of the file", 1000)),
  },
  answers: { 200: json("The message.", shapes.templateShape) },
  problems: [400, 404, 503],
  access: readsSome,
});

export const topicSchemas = endpoint("GET /v1/topics/{topic}/schemas", {
  id: "topicSchemas",
  tag,
  summary: "Schemas of a topic's records",
  description: `${seenWhere} The newest schema first.`,
  params: { topic: parameter("The topic's name", nameShape, parseName, "orders") },
  query: {
    before: optional(count("Schemas with lower ids than this one", { min: 1, max: schemaIdMax })),
    limit,
  },
  answers: { 200: json("A page.", shapes.schemaUsesShape) },
  problems: [400, 403, 503],
  access: needs("read", "topic", { param: "topic" }),
});

export const catalogEndpoints = [
  listSubjects,
  listVersions,
  describeVersion,
  listChanges,
  listReferences,
  subjectTopics,
  describeSchema,
  schemaTopics,
  schemaTemplate,
  topicSchemas,
];
