/** Health, status, and the pages for people. */

import { z } from "zod";
import { isPublic, needs } from "../../../http/access.ts";
import { content, empty, json } from "../../../http/endpoint/answer.ts";
import { endpoint } from "../../../http/endpoint/endpoint.ts";

const tag = "Operation";

const upShape = z.object({ status: z.literal("up") }).meta({ id: "Up" });

const readyShape = z
  .object({
    status: z.literal("ready"),
    warning: z.string().optional().describe("What it cannot do at present, such as appending"),
  })
  .meta({ id: "Ready" });

const membersShape = z.record(z.string(), z.unknown());

const statusShape = z
  .looseObject({
    status: z.literal("up"),
    node: z.string().optional().describe("This process's name, new at each start"),
    runtime: z.string().optional(),
    log: z.enum(["memory", "postgres", "jetstream", "kafka"]).optional().describe("The log driver"),
    grpc_port: z.int().optional().describe("The port of real gRPC"),
    uptime_s: z.int().optional(),
    memory_bytes: z.int().optional(),
    hub: membersShape.optional().describe("Live subscriptions"),
    ingest: membersShape.optional().describe("Bytes not yet durable"),
    appends: membersShape.optional().describe("Appends that the log could not store"),
    clock: membersShape.optional().describe("This node's clock beside the database's"),
    emitters: membersShape.optional().describe("Guests of this node"),
    lifecycle_events: membersShape
      .optional()
      .describe("Events accepted, and those not yet durable"),
    ack_rules: z
      .array(membersShape)
      .optional()
      .describe("Progress of the rules that this node owns"),
    series: membersShape.optional().describe("Queries of series, and progress of their rollups"),
    measurements: membersShape
      .optional()
      .describe("What comes in, how soon it can be queried, and progress of the store"),
    projections: z.array(membersShape).optional().describe("Progress of the store"),
    rows: membersShape.optional().describe("About how many rows the tables that grow have"),
  })
  .meta({
    id: "Status",
    description: "What the node knows of itself, for people. More members may come.",
  });

function page(description: string) {
  return content(description, "text/html", { schema: z.string() });
}

export const status = endpoint("GET /status", {
  id: "status",
  tag,
  summary: "What this node knows of itself",
  access: needs("read", "node", { name: "status" }),
  answers: {
    200: json("For people: more members may come.", statusShape, {
      status: "up",
      log: "postgres",
      grpc_port: 4025,
      uptime_s: 8213,
      memory_bytes: 187_203_584,
    }),
  },
});

export const livez = endpoint("GET /livez", {
  id: "livez",
  tag,
  summary: "Whether this process is alive",
  access: isPublic("a probe names no credential"),
  answers: { 200: json("It is alive.", upShape, { status: "up" }) },
});

export const readyz = endpoint("GET /readyz", {
  id: "readyz",
  tag,
  summary: "Whether this node can serve",
  access: isPublic("a probe names no credential"),
  answers: {
    200: json("It can serve.", readyShape, { status: "ready" }),
  },
  problems: [503],
});

export const home = endpoint("GET /", {
  id: "home",
  tag,
  summary: "To this documentation",
  access: isPublic("a redirect"),
  answers: {
    302: empty("See `/livedoc`.", {
      Location: { description: "`./livedoc`, relative to the asked address", schema: z.string() },
    }),
  },
});

export const openapi = endpoint("GET /openapi.json", {
  id: "openapi",
  tag,
  summary: "This documentation, as OpenAPI 3.1",
  description: "With an `ETag`: a later request may send it as `If-None-Match`.",
  access: isPublic("it is the same for every gateway of this release"),
  answers: {
    200: json("The document.", z.record(z.string(), z.unknown()), undefined, {
      ETag: { description: "Of this version", schema: z.string() },
    }),
    304: empty("It is the one that you have."),
  },
});

/** Mounted with their files by `mountPage`. */
const livedoc = endpoint("GET /livedoc", {
  id: "livedoc",
  tag,
  summary: "This documentation, as a page",
  access: isPublic("a page without data: what it asks for is asked with the reader's credential"),
  answers: { 200: page("The page.") },
  problems: [503],
});

const dashboard = endpoint("GET /ui", {
  id: "dashboard",
  tag,
  summary: "The dashboard",
  access: isPublic("a page without data: what it asks for is asked with the reader's credential"),
  answers: { 200: page("The page.") },
  problems: [503],
});

export const operationEndpoints = [status, livez, readyz, home, livedoc, openapi, dashboard];
