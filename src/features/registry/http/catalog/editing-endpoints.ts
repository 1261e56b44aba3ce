/** `/v1/registry`: what checks and changes it. */

import { needs } from "../../../../http/access.ts";
import { json } from "../../../../http/endpoint/answer.ts";
import { contentEncoding } from "../../../../http/endpoint/appending.ts";
import { endpoint } from "../../../../http/endpoint/endpoint.ts";
import { flag, optional, parameter } from "../../../../http/endpoint/parameter.ts";
import { parseSubject, parseVersion } from "../../subject.ts";
import { managesSubject, readsSubject, versionNumber } from "../endpoints.ts";
import { subject } from "./endpoints.ts";
import * as shapes from "./shapes.ts";

const tag = "Registry";

/** The examples register it and delete it again. */
const edited = { subject: { ...subject.subject, example: "ring-value" } };

const oneVersion = {
  version: optional({ ...versionNumber.version, parse: (text) => parseVersion(text ?? "") }),
};

export const checkText = endpoint("POST /v1/registry/check", {
  id: "checkText",
  tag,
  summary: "Whether a text could be registered",
  description:
    "Compiles and links it, and compares it with the versions that the subject's compatibility names; with one version alone where that is given. A text that does not compile is a 400 with every problem, each at its line and column.",
  query: { ...subject, ...oneVersion },
  headers: contentEncoding,
  body: shapes.textBody,
  answers: { 200: json("The verdict.", shapes.verdictShape) },
  problems: [400, 403, 404, 413, 415, 429, 503],
  access: readsSubject,
});

export const registerText = endpoint("POST /v1/registry/versions", {
  id: "registerText",
  tag,
  summary: "Register a text",
  description:
    "Makes it the subject's newest version. What the subject has already keeps its version. Refused with every reason: 400 where it does not compile, 409 where it is incompatible.",
  query: { ...edited, dry_run: flag("Say what would come of it, and store nothing") },
  headers: contentEncoding,
  body: shapes.textBody,
  answers: {
    200: json("The version.", shapes.registeredShape, {
      subject: "ring-value",
      version: 1,
      id: 17,
      existed: false,
    }),
  },
  problems: [400, 403, 404, 409, 413, 415, 429, 503],
  access: needs("append", "subject", { param: "subject" }),
});

export const deleteVersions = endpoint("DELETE /v1/registry/versions", {
  id: "deleteVersions",
  tag,
  summary: "Delete a version, or all of a subject",
  description:
    "Softly first: readers of the subject do not see it, and its id stays readable. Then permanently. A version that another schema imports is a 409.",
  query: {
    ...edited,
    ...oneVersion,
    permanent: flag("Permanently; it must have been deleted before"),
  },
  answers: { 200: json("Those deleted.", shapes.deletedShape, { versions: [1] }) },
  problems: [400, 403, 404, 409, 503],
  access: managesSubject,
});

const subjectOrAll = {
  subject: optional(
    parameter("The subject's name; left out: all subjects", shapes.subjectShape, parseSubject),
  ),
};

const settingsExample = {
  compatibility: "BACKWARD",
  mode: "READWRITE",
  own_compatibility: null,
  own_mode: null,
} as const;

export const subjectSettings = endpoint("GET /v1/registry/settings", {
  id: "subjectSettings",
  tag,
  summary: "Compatibility and mode",
  query: subjectOrAll,
  answers: { 200: json("The settings.", shapes.settingsShape, settingsExample) },
  problems: [400, 503],
  access: readsSubject,
});

export const setSubjectSettings = endpoint("PUT /v1/registry/settings", {
  id: "setSubjectSettings",
  tag,
  summary: "Set compatibility and mode",
  query: subjectOrAll,
  headers: contentEncoding,
  body: shapes.settingsBody,
  answers: { 200: json("The settings.", shapes.settingsShape, settingsExample) },
  problems: [400, 403, 413, 415, 429, 503],
  access: managesSubject,
});

export const editingEndpoints = [
  checkText,
  registerText,
  deleteVersions,
  subjectSettings,
  setSubjectSettings,
];
