/** Relations: the tables that topics land in, how many records they took, and why not the others. */

import type { Hono } from "hono";
import { z } from "zod";
import type { Caller } from "../../../core/access/caller.ts";
import { Failure, quoted } from "../../../core/failure.ts";
import { cutList, pageLimitDefault, pageLimitMax } from "../../../core/page.ts";
import { callerOf, needs } from "../../../http/access.ts";
import { json } from "../../../http/endpoint/answer.ts";
import { endpoint, reply, serve } from "../../../http/endpoint/endpoint.ts";
import { count, optional, text, withDefault } from "../../../http/endpoint/parameter.ts";
import { countShape, nameShape, positionShape } from "../../../http/endpoint/shapes.ts";
import type { TopicRules } from "../../../ingest/topic-rules.ts";
import {
  columnTypes,
  type Relation,
  type RelationCounts,
  type Relations,
  renderPointer,
} from "../relation.ts";

const tag = "Relations";

const relationShape = z.object({
  topic: nameShape,
  relation: z.string().describe("The table, in PostgreSQL's schema `relations`"),
  key: z
    .array(z.string())
    .describe("Columns that identify a row: a later record with the same key replaces it"),
  columns: z.array(
    z.object({
      name: z.string(),
      type: z.enum(columnTypes),
      from: z.string().describe("JSON Pointer in the record"),
    }),
  ),
  taken: countShape.describe("Records that became rows"),
  refused: countShape.describe("Records that did not fit"),
});

const refusalShape = z
  .object({
    number: z.int().min(1).describe("Counted for each relation"),
    position: positionShape.describe("Position of the record in its topic"),
    field: z.string().describe("JSON Pointer; empty: the record as a whole"),
    given: z.string().describe("The value's JSON, shortened"),
    message: z.string().describe("What was given and what is expected"),
  })
  .describe("Why a record did not become a row; one with several reasons is listed once for each.");

const listRelations = endpoint("GET /v1/relations", {
  id: "listRelations",
  tag,
  summary: "List relations",
  description:
    "The tables that topics land in, by the mapping of `SLUICE_RELATIONS`: those of topics that the caller may read.",
  answers: {
    200: json("In the mapping's order.", z.object({ relations: z.array(relationShape) }), {
      relations: [
        {
          topic: "topic1",
          relation: "samples",
          key: ["message_id"],
          columns: [
            { name: "message_id", type: "text", from: "/message_id" },
            { name: "volume_ml", type: "double precision", from: "/volume_ml" },
          ],
          taken: 2431,
          refused: 1,
        },
      ],
    }),
  },
  problems: [503],
  access: needs("read", "topic", { handler: "the topics of the relations that are listed" }),
});

const listRefusals = endpoint("GET /v1/relations/{relation}/refusals", {
  id: "listRefusals",
  tag,
  summary: "Records that did not fit",
  description: "The newest first; the newest 100,000 are kept.",
  params: { relation: text("The relation's name", { example: "samples" }) },
  query: {
    limit: withDefault(
      count("Refusals in the page", { min: 1, max: pageLimitMax }),
      pageLimitDefault,
    ),
    before: optional(count("Those before this number", { min: 1, max: 999_999_999 })),
  },
  answers: {
    200: json(
      "Refusals.",
      z.object({
        refusals: z.array(refusalShape),
        next: z
          .int()
          .nullable()
          .describe("As `before`, gives the earlier ones; null when there are none"),
      }),
      {
        refusals: [
          {
            number: 1,
            position: "8mi8wtfaq-23a",
            field: "/volume_ml",
            given: '"n/a"',
            message:
              'Cannot take "n/a" as double precision for column "volume_ml": it is not a number, expected one',
          },
        ],
        next: null,
      },
    ),
  },
  problems: [400, 403, 404, 503],
  access: needs("read", "topic", { handler: "the topic of the relation" }),
});

export const relationEndpoints = [listRelations, listRefusals];

export interface RelationDeps {
  readonly relations: Relations;
  readonly rules: Pick<TopicRules, "mayRead">;
}

export function mountRelations(app: Hono, { relations, rules }: RelationDeps): void {
  const readBy = (by: Caller) => relations.all.filter(({ topic }) => rules.mayRead(topic, by));
  serve(app, listRelations, async (_, c) => {
    const by = callerOf(c.req.raw);
    const readable = readBy(by);
    if (readable.length === 0) requireSome(by);
    const counts = await relations.counts();
    const described = readable.map((relation) =>
      describe(relation, counts.get(relation.name) ?? { taken: 0, refused: 0 }),
    );
    return reply(listRelations, 200, { relations: described });
  });
  serve(app, listRefusals, async ({ params: { relation }, query: { limit, before } }, c) => {
    const by = callerOf(c.req.raw);
    if (!readBy(by).some(({ name }) => name === relation)) {
      requireSome(by);
      throw new Failure("not_found", `There is no relation ${quoted(relation)}`);
    }
    const found = await relations.refusals(relation, before, limit + 1);
    const { items: refusals, last } = cutList(found, limit);
    return reply(listRefusals, 200, { refusals, next: last?.number ?? null });
  });
}

/** Without the right to any topic a list could only be empty. */
function requireSome(by: Caller): void {
  by.requireAny("read", "topic");
}

function describe({ topic, name, key, columns }: Relation, counts: RelationCounts) {
  return {
    topic,
    relation: name,
    key,
    columns: columns.map(({ name, type, path }) => ({ name, type, from: renderPointer(path) })),
    ...counts,
  };
}
