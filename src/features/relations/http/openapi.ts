/** `/v1/relations`: the tables that topics land in. */
import { columnTypes } from "../relation.ts";
import { pageLimitDefault, pageLimitMax } from "../../../core/page.ts";
import type { Paths, Schema } from "../../../http/openapi/model.ts";
import { json, problems } from "../../../http/openapi/responses.ts";
import { ref } from "../../../http/openapi/schemas.ts";

const tags = ["Relations"];

const relation: Schema = {
  type: "object",
  properties: {
    topic: ref("Name"),
    relation: { type: "string", description: "The table, in PostgreSQL's schema `relations`" },
    key: {
      type: "array",
      items: { type: "string" },
      description: "Columns that tell rows apart: a later record of the same key replaces the row",
    },
    columns: {
      type: "array",
      items: {
        type: "object",
        properties: {
          name: { type: "string" },
          type: { type: "string", enum: columnTypes },
          from: { type: "string", description: "JSON Pointer in the record" },
        },
        required: ["name", "type", "from"],
      },
    },
    taken: { type: "integer", minimum: 0, description: "Records that became rows" },
    refused: { type: "integer", minimum: 0, description: "Records that did not fit" },
  },
  required: ["topic", "relation", "key", "columns", "taken", "refused"],
};

const refusal: Schema = {
  type: "object",
  description: "Why a record did not become a row; one that has several reasons has several.",
  properties: {
    number: { type: "integer", minimum: 1, description: "Counted for each relation" },
    position: { ...ref("Position"), description: "Of the record in its topic" },
    field: { type: "string", description: "JSON Pointer; empty: the record as a whole" },
    given: { type: "string", description: "The value's JSON, shortened" },
    message: { type: "string", description: "What was given and what is expected" },
  },
  required: ["number", "position", "field", "given", "message"],
};

export const relationPaths: Paths = {
  "/v1/relations": {
    get: {
      operationId: "listRelations",
      tags,
      summary: "List relations",
      description: "The tables that topics land in, by the mapping of `SLUICE_RELATIONS`.",
      responses: {
        "200": json(
          "All of them, in the mapping's order.",
          {
            type: "object",
            properties: { relations: { type: "array", items: relation } },
            required: ["relations"],
          },
          {
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
          },
        ),
        ...problems(503),
      },
    },
  },
  "/v1/relations/{relation}/refusals": {
    parameters: [
      {
        name: "relation",
        in: "path",
        required: true,
        description: "The relation's name",
        schema: { type: "string" },
        example: "samples",
      },
    ],
    get: {
      operationId: "listRefusals",
      tags,
      summary: "Records that did not fit",
      description: "The newest first; the newest 100,000 are kept.",
      parameters: [
        {
          name: "limit",
          in: "query",
          description: "Refusals in the page",
          schema: { type: "integer", minimum: 1, maximum: pageLimitMax, default: pageLimitDefault },
        },
        {
          name: "before",
          in: "query",
          description: "Those before this number",
          schema: { type: "integer", minimum: 1 },
        },
      ],
      responses: {
        "200": json(
          "Refusals.",
          {
            type: "object",
            properties: {
              refusals: { type: "array", items: refusal },
              next: {
                type: ["integer", "null"],
                description: "As `before`, gives the earlier ones; null when there are none",
              },
            },
            required: ["refusals", "next"],
          },
          {
            refusals: [
              {
                number: 1,
                position: "8mi8wtfaq-13a",
                field: "/volume_ml",
                given: '"n/a"',
                message:
                  'Cannot take "n/a" as double precision for column "volume_ml": it is no number, expected one',
              },
            ],
            next: null,
          },
        ),
        ...problems(400, 404, 503),
      },
    },
  },
};
