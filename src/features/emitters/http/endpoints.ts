/** `/log`: emitters, what is appended to them, their pages and their streams. */

import { z } from "zod";
import { emitterSources } from "../../../core/emitters.ts";
import { parseName } from "../../../core/topic.ts";
import { needs } from "../../../http/access.ts";
import { json, jsonBody } from "../../../http/endpoint/answer.ts";
import {
  appended,
  appendHeaders,
  contentEncoding,
  eventBodies,
} from "../../../http/endpoint/appending.ts";
import { endpoint } from "../../../http/endpoint/endpoint.ts";
import { pageLimit, pageParameters } from "../../../http/endpoint/paging.ts";
import { flag, optional, parameter, shortText } from "../../../http/endpoint/parameter.ts";
import {
  countShape,
  nameShape,
  pageExample,
  pageShape,
  positionShape,
  timeShape,
} from "../../../http/endpoint/shapes.ts";
import { heartbeatQuery, lastEventId, startQuery } from "../../../http/endpoint/starting.ts";
import { eventStream } from "../../../http/endpoint/streams.ts";

const tag = "Emitters";

const emitterId = { id: parameter("The emitter's id", nameShape, parseName, "web-1") };

const emitterShape = z
  .object({
    id: nameShape,
    source: z.enum(emitterSources),
    rate: z.number().describe("The guest's events per second; 0 for external"),
    created_at: timeShape,
    ended_at: timeShape.optional().describe("Only once it has ended"),
    note: z.string().optional().describe("To the creation without a body: who writes its events"),
  })
  .meta({ id: "Emitter" });

const emitterDetailsShape = emitterShape
  .extend({
    node: z.string().optional().describe("The node that runs its guest"),
    events: countShape.describe("Events so far, dropped ones included"),
    last: positionShape.nullable().describe("The newest event; null before the first"),
  })
  .meta({ id: "EmitterDetails", description: "An emitter, and what is known of its stream." });

const emitterListShape = z
  .object({
    emitters: z.array(emitterShape),
    next: z.string().nullable().describe("The `after` of the later part; null at the end"),
  })
  .meta({ id: "EmitterList" });

const emitterRequestShape = z
  .strictObject({
    source: z
      // The second name of a guest is that of an earlier system, and no error suggests it.
      .enum([...emitterSources, "simulated"], `expected ${emitterSources.join(" or ")}`)
      .optional()
      .meta({
        default: "guest",
        description:
          "`guest` (or `simulated`): Sluice runs an instance that writes its log. `external`: you append the events.",
      }),
    rate: z
      .number()
      .positive()
      .max(1000)
      .optional()
      .meta({ default: 2, description: "The guest's events per second" }),
  })
  .meta({ id: "EmitterRequest" });

const emitterExample = {
  id: "web-1",
  source: "guest",
  rate: 2,
  created_at: "2026-11-21T10:02:11.421Z",
} as const;

export const emitterBody = jsonBody(emitterRequestShape, {
  leftOut: "Left out: a guest of 2 events a second.",
  examples: {
    guest: { summary: "A simulated guest, 5 events/s", value: { source: "guest", rate: 5 } },
    external: { summary: "You append the events", value: { source: "external" } },
  },
});

const location = {
  Location: {
    description: "The emitter's address",
    schema: z.string().meta({ format: "uri-reference", examples: ["/log/web-1"] }),
  },
};

const created = json("It is created and emits.", emitterShape, emitterExample, location);

export const createEmitter = endpoint("PUT /log", {
  id: "makeEmitter",
  tag,
  summary: "Create an emitter",
  description:
    "With an id that Sluice chooses. Without a body it simulates an instance that writes two log events a second.",
  headers: contentEncoding,
  body: emitterBody,
  access: needs("manage", "emitter", { all: true }),
  answers: { 201: created },
  problems: [400, 413, 415, 429, 503],
});

export const listEmitters = endpoint("GET /log", {
  id: "listEmitters",
  tag,
  summary: "List emitters",
  description: "By id.",
  query: {
    after: optional(
      parameter(
        "The emitters whose ids come after this one: the `next` of an earlier answer",
        nameShape,
        parseName,
      ),
    ),
    limit: pageLimit("Emitters in the page"),
    ended: flag("Whether emitters that have ended are listed as well"),
    q: optional(
      shortText("Only emitters whose ids contain this text, in upper or lower case", 200),
    ),
  },
  access: needs("read", "emitter", { some: "those that are listed" }),
  answers: { 200: json("Emitters.", emitterListShape, { emitters: [emitterExample], next: null }) },
  problems: [400, 503],
});

export const createEmitterWithId = endpoint("PUT /log/{id}", {
  id: "makeEmitterWithId",
  tag,
  summary: "Create an emitter under an id",
  description: "Idempotent: the same call again answers 200.",
  params: emitterId,
  headers: contentEncoding,
  body: emitterBody,
  access: needs("manage", "emitter", { param: "id" }),
  answers: {
    201: created,
    200: json("It exists already, with this very configuration.", emitterShape, emitterExample),
  },
  problems: [400, 409, 413, 415, 429, 503],
});

export const appendEvents = endpoint("POST /log/{id}", {
  id: "appendEvents",
  tag,
  summary: "Append events",
  description:
    "The answer comes once the events are durable. An array is a batch, and so are several lines; one bad event refuses that event alone.",
  params: emitterId,
  headers: appendHeaders,
  body: { isRequired: true, content: eventBodies },
  access: needs("append", "emitter", { param: "id" }),
  answers: appended,
  problems: [400, 404, 410, 413, 415, 429, 503],
});

export const readEmitter = endpoint("GET /log/{id}", {
  id: "readEmitter",
  tag,
  summary: "A page of its events",
  description:
    "The newest events, or those after or before a position. What was acknowledged before the call is in it. An ended emitter keeps its pages.",
  params: emitterId,
  query: pageParameters,
  access: needs("read", "emitter", { param: "id" }),
  answers: { 200: json("Events, oldest first.", pageShape, pageExample) },
  problems: [400, 404, 410, 503],
});

export const endEmitter = endpoint("DELETE /log/{id}", {
  id: "endEmitter",
  tag,
  summary: "End an emitter",
  description:
    "Permanently: its guest stops, its subscribers get an `end` event, nothing can be appended any more. Ending it again answers the same.",
  params: emitterId,
  access: needs("manage", "emitter", { param: "id" }),
  answers: {
    200: json("It has ended.", emitterShape, {
      ...emitterExample,
      ended_at: "2026-11-21T10:12:07.184Z",
    }),
  },
  problems: [400, 404, 429, 503],
});

export const describeEmitter = endpoint("GET /v1/emitters/{id}", {
  id: "describeEmitter",
  tag,
  summary: "Describe an emitter",
  params: emitterId,
  access: needs("read", "emitter", { param: "id" }),
  answers: {
    200: json("The emitter, and what is known of its stream.", emitterDetailsShape, {
      ...emitterExample,
      node: "5b0c33a6-9c0a-4a3b-8a6c-1c5c2d0e8f10",
      events: 1423,
      last: "8mi8wtfaq-23a",
    }),
  },
  problems: [400, 404, 503],
});

const watched = {
  tag: "Streams",
  summary: "Watch an emitter",
  params: emitterId,
  query: { ...startQuery, ...heartbeatQuery },
  headers: lastEventId,
  access: needs("read", "emitter", { param: "id" }),
  answers: { 200: eventStream },
  problems: [400, 404, 410, 503],
} as const;

export const watchEmitter = endpoint("GET /sse/log/{id}", {
  ...watched,
  id: "watchEmitter",
  description: "Starts live, unless told where. `curl -N` shows it as it comes.",
});

export const watchEmitterToo = endpoint("GET /log/sse/{id}", {
  ...watched,
  id: "watchEmitterToo",
  description: "The same as `/sse/log/{id}`.",
});

export const emitterEndpoints = [
  createEmitter,
  listEmitters,
  createEmitterWithId,
  appendEvents,
  readEmitter,
  endEmitter,
  describeEmitter,
  watchEmitter,
  watchEmitterToo,
];
