/** What nodes say of themselves: their last hour, what each works on, and what is wrong now. */

import { z } from "zod";
import { fieldValue } from "../../../core/parse.ts";
import { expectedTime, parseTime } from "../../../core/time.ts";
import { needs } from "../../../http/access.ts";
import { json } from "../../../http/endpoint/answer.ts";
import { endpoint } from "../../../http/endpoint/endpoint.ts";
import { optional, parameter, shortText } from "../../../http/endpoint/parameter.ts";
import { countShape, timeShape } from "../../../http/endpoint/shapes.ts";
import { concernKinds, nodeConditions, problemKinds } from "../node.ts";

const tag = "Operation";
const access = needs("read", "node", { name: "status" });

const missingShape = z
  .string()
  .nullable()
  .describe("Why other nodes are not known at present; null: this is of all nodes");

const nodeShape = z
  .object({
    node: z.string().describe("The process's name, new at each start"),
    place: z.string().describe("Host name and HTTP port"),
    condition: z
      .enum(nodeConditions)
      .describe("`silent`: it says nothing any more, and did not stop; it is listed for an hour"),
    version: z.string(),
    runtime: z.string(),
    log: z.string().describe("The log driver"),
    started_at: timeShape,
    seen_at: timeShape.describe("When it last said something; each node does every ten seconds"),
    memory_bytes: countShape,
    guests: countShape.describe("Simulated guests that it runs"),
    subscribers: countShape,
    owns: z.array(z.string()).describe("Names of the work that this node alone does"),
    projections: z
      .array(
        z.object({
          name: z.string(),
          topic: z.string(),
          lag_s: z.number(),
          lag_before_s: z.number().describe("Ten seconds before: whether it catches up"),
        }),
      )
      .describe("Projections that it runs"),
  })
  .meta({ id: "Node" });

export const listNodes = endpoint("GET /v1/nodes", {
  id: "listNodes",
  tag,
  summary: "List the nodes, and what each works on",
  description: "Those that were seen within the last hour, 64 at most.",
  access,
  answers: {
    200: json(
      "The nodes, by their places.",
      z.object({
        this: z.string().describe("The node that answers"),
        nodes: z.array(nodeShape),
        missing: missingShape,
      }),
      {
        this: "5b1c9a34-43a5-4a1f-9f43-3f3c5ab9a3d1",
        nodes: [
          {
            node: "5b1c9a34-43a5-4a1f-9f43-3f3c5ab9a3d1",
            place: "sluice-1:9000",
            condition: "serving",
            version: "1.0.0",
            runtime: "bun 1.4.5",
            log: "postgres",
            started_at: "2026-11-21T08:00:00Z",
            seen_at: "2026-11-21T10:02:10Z",
            memory_bytes: 187_203_584,
            guests: 0,
            subscribers: 3,
            owns: ["emitter-pages"],
            projections: [
              { name: "emitter-pages", topic: "emitters", lag_s: 0, lag_before_s: 0.2 },
            ],
          },
        ],
        missing: null,
      },
    ),
  },
  problems: [503],
});

const column = z.array(z.number().nullable());

const pointsShape = z
  .object({
    records_in: column.describe("Records that the node made durable, per second"),
    bytes_in: column,
    records_out: column.describe("Records that it delivered, once for each subscriber, per second"),
    bytes_out: column,
    subscribers: column,
    lag_s: column.describe(
      "Of the projection that is furthest behind; null also where it runs none",
    ),
    lag_entries: column.describe("Log entries that its projections have not committed"),
    memory_bytes: column,
    loop_delay_ms: column.describe("99 of 100 timers were late by at most this"),
    refused: z
      .record(z.string(), column)
      .describe("Requests and records that it refused, per second, by failure code"),
  })
  .describe("A number for each span; null where nothing is known of the span, which is not zero");

const historyShape = z
  .object({
    every_s: z.int().describe("Length of a span"),
    from: timeShape.describe("The end of the first span"),
    spans: countShape,
    nodes: z.array(
      z.object({
        node: z.string(),
        place: z.string(),
        condition: z.enum(nodeConditions),
        points: pointsShape,
      }),
    ),
    missing: missingShape,
  })
  .meta({ id: "History" });

const empty = [null, 0];

export const readHistory = endpoint("GET /v1/history", {
  id: "readHistory",
  tag,
  summary: "The last hour of all nodes",
  description:
    "In spans of ten seconds, on one axis of time. A node that does not answer is named by its condition, and has no numbers from then on: a sum over all nodes lacks its share.",
  query: {
    node: optional(shortText("Only this node", 100)),
    since: optional(
      parameter("Only spans that end at this time or later", timeShape, (given, field) => {
        const ns = parseTime(given);
        return fieldValue(
          field,
          given,
          ns === undefined
            ? { ok: false, expected: expectedTime(given, "a time such as 2026-11-21T10:02:00Z") }
            : { ok: true, value: Number(ns / 1_000_000n) },
        );
      }),
    ),
  },
  access,
  answers: {
    200: json("The hour.", historyShape, {
      every_s: 10,
      from: "2026-11-21T10:02:00Z",
      spans: 2,
      nodes: [
        {
          node: "5b1c9a34-43a5-4a1f-9f43-3f3c5ab9a3d1",
          place: "sluice-1:9000",
          condition: "serving",
          points: {
            records_in: [null, 40.2],
            bytes_in: [null, 8204],
            records_out: [null, 120.6],
            bytes_out: [null, 24_612],
            subscribers: [null, 3],
            lag_s: empty,
            lag_entries: empty,
            memory_bytes: [null, 187_203_584],
            loop_delay_ms: [null, 1],
            refused: { invalid: [null, 0.3] },
          },
        },
      ],
      missing: null,
    }),
  },
  problems: [400, 503],
});

const problemFoundShape = z
  .object({
    kind: z.enum(problemKinds).describe("More may come"),
    about: z.object({ kind: z.enum(concernKinds), name: z.string() }),
    message: z.string().describe("For people"),
    since: timeShape.describe("As far as the nodes know that are running"),
  })
  .meta({ id: "ProblemFound" });

export const listProblems = endpoint("GET /v1/problems", {
  id: "listProblems",
  tag,
  summary: "What is wrong now",
  description:
    "Over all nodes, in words, the oldest first: the log or the store does not answer, a projection is behind or fails, a rule has stopped or is behind, a topic refuses records, a bound is near, slow subscribers were cut, a node is silent, a clock differs. Without what concerns topics and rules that the caller may not read.",
  access,
  answers: {
    200: json(
      "Empty when all is well.",
      z.object({ problems: z.array(problemFoundShape), missing: missingShape }),
      {
        problems: [
          {
            kind: "projection_behind",
            about: { kind: "projection", name: "emitter-pages" },
            message:
              'Projection "emitter-pages" is 41 s behind topic "emitters": pages and queries lack what came since',
            since: "2026-11-21T10:02:10Z",
          },
        ],
        missing: null,
      },
    ),
  },
  problems: [503],
});

export const nodeEndpoints = [listNodes, readHistory, listProblems];
