/** The Confluent API: `/config` and `/mode`, of all subjects and of one. */

import { z } from "zod";
import { needs } from "../../../http/access.ts";
import { endpoint } from "../../../http/endpoint/endpoint.ts";
import { compatibilities, registryModes } from "../registry-port.ts";
import {
  answered,
  confluentBody,
  defaultToGlobal,
  errors,
  ofConfluent,
  problems,
} from "./confluent-model.ts";
import { managesSubject, readsSubject, subjectName } from "./endpoints.ts";

const readsAll = needs("read", "subject", { all: true });
const managesAll = needs("manage", "subject", { all: true });

const levelShape = z.object({ compatibilityLevel: z.enum(compatibilities) });
const modeShape = z.object({ mode: z.enum(registryModes) });
/** Any text in any case: a wrong one has its own error code. */
const levelGivenShape = z.object({
  compatibility: z.string().meta({ enum: [...compatibilities] }),
});
const modeGivenShape = z.object({ mode: z.string().meta({ enum: [...registryModes] }) });

export const configBody = confluentBody(levelGivenShape, {
  example: { compatibility: "BACKWARD" },
});
export const modeBody = confluentBody(modeGivenShape, { example: { mode: "READWRITE" } });

const level = { 200: answered("The setting.", levelShape), ...errors(404, 422) };
const levelBefore = { 200: answered("What it was.", levelShape), ...errors(404, 422) };
const levelSet = {
  200: answered("The setting.", z.object({ compatibility: z.enum(compatibilities) })),
  ...errors(400, 413, 422),
};
const mode = { 200: answered("The setting.", modeShape), ...errors(404, 422) };
const modeBefore = { 200: answered("What it was.", modeShape), ...errors(404, 422) };
const modeSet = { 200: answered("The setting.", modeShape), ...errors(400, 413, 422) };

export const globalConfig = endpoint("GET /config", {
  id: "globalConfig",
  ...ofConfluent,
  summary: "The config of all subjects",
  answers: level,
  problems,
  access: readsAll,
});

export const setGlobalConfig = endpoint("PUT /config", {
  id: "setglobalConfig",
  ...ofConfluent,
  summary: "Set the config of all subjects",
  body: configBody,
  answers: levelSet,
  problems,
  access: managesAll,
});

export const deleteGlobalConfig = endpoint("DELETE /config", {
  id: "deleteglobalConfig",
  ...ofConfluent,
  summary: "Remove the config of all subjects",
  answers: levelBefore,
  problems,
  access: managesAll,
});

export const subjectConfig = endpoint("GET /config/{subject}", {
  id: "subjectConfig",
  ...ofConfluent,
  summary: "The config of a subject",
  params: subjectName,
  query: defaultToGlobal,
  answers: level,
  problems,
  access: readsSubject,
});

export const setSubjectConfig = endpoint("PUT /config/{subject}", {
  id: "setsubjectConfig",
  ...ofConfluent,
  summary: "Set the config of a subject",
  params: subjectName,
  body: configBody,
  answers: levelSet,
  problems,
  access: managesSubject,
});

export const deleteSubjectConfig = endpoint("DELETE /config/{subject}", {
  id: "deletesubjectConfig",
  ...ofConfluent,
  summary: "Remove the config of a subject",
  params: subjectName,
  answers: levelBefore,
  problems,
  access: managesSubject,
});

export const globalMode = endpoint("GET /mode", {
  id: "globalMode",
  ...ofConfluent,
  summary: "The mode of all subjects",
  answers: mode,
  problems,
  access: readsAll,
});

export const setGlobalMode = endpoint("PUT /mode", {
  id: "setglobalMode",
  ...ofConfluent,
  summary: "Set the mode of all subjects",
  body: modeBody,
  answers: modeSet,
  problems,
  access: managesAll,
});

export const subjectMode = endpoint("GET /mode/{subject}", {
  id: "subjectMode",
  ...ofConfluent,
  summary: "The mode of a subject",
  params: subjectName,
  query: defaultToGlobal,
  answers: mode,
  problems,
  access: readsSubject,
});

export const setSubjectMode = endpoint("PUT /mode/{subject}", {
  id: "setsubjectMode",
  ...ofConfluent,
  summary: "Set the mode of a subject",
  params: subjectName,
  body: modeBody,
  answers: modeSet,
  problems,
  access: managesSubject,
});

export const deleteSubjectMode = endpoint("DELETE /mode/{subject}", {
  id: "deletesubjectMode",
  ...ofConfluent,
  summary: "Remove the mode of a subject",
  params: subjectName,
  answers: modeBefore,
  problems,
  access: managesSubject,
});

export const settingEndpoints = [
  globalConfig,
  setGlobalConfig,
  deleteGlobalConfig,
  subjectConfig,
  setSubjectConfig,
  deleteSubjectConfig,
  globalMode,
  setGlobalMode,
  subjectMode,
  setSubjectMode,
  deleteSubjectMode,
];
