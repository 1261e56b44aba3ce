/** Health, status, and the pages for people. */
import type { Paths, ResponseObject } from "../../../http/openapi/model.ts";
import { json, problems } from "../../../http/openapi/responses.ts";
import { ref } from "../../../http/openapi/schemas.ts";

const tags = ["Operation"];

function html(description: string): ResponseObject {
  return { description, content: { "text/html": { schema: { type: "string" } } } };
}

const assetProblems = problems(503);

export const operationPaths: Paths = {
  "/status": {
    get: {
      operationId: "status",
      tags,
      summary: "What this node knows of itself",
      responses: {
        "200": json("For people: more members may come.", ref("Status"), {
          status: "up",
          log: "postgres",
          grpc_port: 4025,
          uptime_s: 8213,
          memory_bytes: 187_203_584,
        }),
        ...problems(),
      },
    },
  },
  "/livez": {
    get: {
      operationId: "livez",
      tags,
      summary: "Whether this process lives",
      responses: { "200": json("It does.", ref("Up"), { status: "up" }), ...problems() },
    },
  },
  "/readyz": {
    get: {
      operationId: "readyz",
      tags,
      summary: "Whether this node can serve",
      responses: {
        "200": json(
          "It can.",
          {
            type: "object",
            properties: { status: { type: "string", const: "ready" } },
            required: ["status"],
          },
          { status: "ready" },
        ),
        ...problems(503),
      },
    },
  },
  "/": {
    get: {
      operationId: "home",
      tags,
      summary: "To this documentation",
      responses: {
        "302": {
          description: "See `/livedoc`.",
          headers: { Location: { description: "`/livedoc`", schema: { type: "string" } } },
        },
        ...problems(),
      },
    },
  },
  "/livedoc": {
    get: {
      operationId: "livedoc",
      tags,
      summary: "This documentation, as a page",
      responses: { "200": html("The page."), ...assetProblems },
    },
  },
  "/openapi.json": {
    get: {
      operationId: "openapi",
      tags,
      summary: "This documentation, as OpenAPI 3.1",
      description: "With an `ETag`: ask again with `If-None-Match`.",
      responses: {
        "200": {
          description: "The document.",
          headers: { ETag: { description: "Of this version", schema: { type: "string" } } },
          content: { "application/json": { schema: { type: "object" } } },
        },
        "304": { description: "It is the one that you have." },
        ...problems(),
      },
    },
  },
  "/ui": {
    get: {
      operationId: "dashboard",
      tags,
      summary: "The dashboard",
      responses: { "200": html("The page."), ...assetProblems },
    },
  },
};
