/** `/log`: emitters and their pages. */
import { appended, jsonBodies, pageExample } from "../../../http/openapi/append.ts";
import type { Paths, RequestBody, ResponseObject } from "../../../http/openapi/model.ts";
import { parameter } from "../../../http/openapi/parameters.ts";
import { json, problems } from "../../../http/openapi/responses.ts";
import { ref } from "../../../http/openapi/schemas.ts";

const tags = ["Emitters"];

export const emitterExample = {
  id: "web-1",
  source: "guest",
  rate: 2,
  created_at: "2026-11-21T10:02:11.421Z",
};

const createBody: RequestBody = {
  description: "Left out: a guest of 2 events a second.",
  content: {
    "application/json": {
      schema: ref("EmitterRequest"),
      examples: {
        guest: { summary: "A simulated guest, 5 events/s", value: { source: "guest", rate: 5 } },
        external: { summary: "You append the events", value: { source: "external" } },
      },
    },
  },
};

const stands = json(
  "It stands already, with this very configuration.",
  ref("Emitter"),
  emitterExample,
);

function made(description: string): ResponseObject {
  return {
    ...json(description, ref("Emitter"), emitterExample),
    headers: {
      Location: {
        description: "The emitter's address",
        schema: { type: "string", format: "uri-reference", examples: ["/log/web-1"] },
      },
    },
  };
}

export const emitterPaths: Paths = {
  "/log": {
    put: {
      operationId: "makeEmitter",
      tags,
      summary: "Make an emitter",
      description:
        "With an id that Sluice chooses. Without a body it simulates an instance that writes two log events a second.",
      parameters: [parameter("contentEncoding")],
      requestBody: createBody,
      responses: { "201": made("It is made and emits."), ...problems(400, 413, 415, 429, 503) },
    },
    get: {
      operationId: "listEmitters",
      tags,
      summary: "List emitters",
      description: "By id.",
      parameters: [
        {
          name: "after",
          in: "query",
          description:
            "The emitters whose ids come after this one: the `next` of an earlier answer",
          schema: ref("Name"),
        },
        parameter("limit"),
        {
          name: "ended",
          in: "query",
          description: "Whether those that have ended are listed, too",
          schema: { type: "boolean", default: false },
        },
      ],
      responses: {
        "200": json("Emitters.", ref("EmitterList"), { emitters: [emitterExample], next: null }),
        ...problems(400, 503),
      },
    },
  },
  "/log/{id}": {
    parameters: [parameter("emitterId")],
    put: {
      operationId: "makeEmitterWithId",
      tags,
      summary: "Make an emitter under an id",
      description: "Idempotent: the same call again answers 200.",
      parameters: [parameter("contentEncoding")],
      requestBody: createBody,
      responses: {
        "201": made("It is made and emits."),
        "200": stands,
        ...problems(400, 409, 413, 415, 429, 503),
      },
    },
    post: {
      operationId: "appendEvents",
      tags,
      summary: "Append events",
      description:
        "The answer comes once the events are durable. An array is a batch, and so are several lines; one bad event refuses that event alone.",
      parameters: [parameter("idempotencyKey"), parameter("contentEncoding")],
      requestBody: { required: true, content: jsonBodies },
      responses: { ...appended, ...problems(400, 404, 410, 413, 415, 429, 503) },
    },
    get: {
      operationId: "readEmitter",
      tags,
      summary: "A page of its events",
      description:
        "The newest events, or those after or before a position. What was acknowledged before the call is in it. An ended emitter keeps its pages.",
      parameters: [parameter("limit"), parameter("pageAfter"), parameter("pageBefore")],
      responses: {
        "200": json("Events, oldest first.", ref("Page"), pageExample),
        ...problems(400, 404, 410, 503),
      },
    },
    delete: {
      operationId: "endEmitter",
      tags,
      summary: "End an emitter",
      description:
        "For good: its guest stops, its subscribers get an `end` event, nothing can be appended any more. Ending it again answers the same.",
      responses: {
        "200": json("It has ended.", ref("Emitter"), {
          ...emitterExample,
          ended_at: "2026-11-21T10:12:07.184Z",
        }),
        ...problems(400, 404, 429, 503),
      },
    },
  },
  "/v1/emitters/{id}": {
    parameters: [parameter("emitterId")],
    get: {
      operationId: "describeEmitter",
      tags,
      summary: "Describe an emitter",
      responses: {
        "200": json("The emitter, and what is known of its stream.", ref("EmitterDetails"), {
          ...emitterExample,
          node: "5b0c33a6-9c0a-4a3b-8a6c-1c5c2d0e8f10",
          events: 1423,
          last: "8mi8wtfaq-13a",
        }),
        ...problems(400, 404, 503),
      },
    },
  },
};
