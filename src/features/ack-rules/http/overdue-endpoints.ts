/** `/v1/overdue`: what is overdue over all rules and applications. */

import { z } from "zod";
import { parseName } from "../../../core/topic.ts";
import { needs } from "../../../http/access.ts";
import { json } from "../../../http/endpoint/answer.ts";
import { endpoint } from "../../../http/endpoint/endpoint.ts";
import { pageLimit } from "../../../http/endpoint/paging.ts";
import { choice, optional, parameter, withDefault } from "../../../http/endpoint/parameter.ts";
import { countShape, nameShape, timeShape } from "../../../http/endpoint/shapes.ts";
import { groupings } from "../everywhere.ts";
import { parseInstant, parseOverdueCursor, parseSought } from "./overdue-params.ts";
import { tag } from "./shapes.ts";

const filters = {
  app: optional(
    parameter(
      "Only messages of this application, and of rules over its events",
      z.string(),
      parseSought,
    ),
  ),
  rule: optional(parameter("Only ids of this ack rule", nameShape, parseName)),
  missing: optional(parameter("Only what misses this topic or event", z.string(), parseSought)),
  since: optional(
    parameter("Only what was first seen at this time or later, RFC 3339", timeShape, parseInstant),
  ),
};

const access = needs("read", "rule", { handler: "rules and applications: those that are listed" });

const overdueShape = z.object({
  rule: nameShape.optional().describe("The ack rule; left out for a message of an application"),
  app_id: z.string().optional().describe("The application, where there is one"),
  message_id: z.string(),
  missing: z.array(z.string()).describe("Topics, or events"),
  seen: z.record(z.string(), timeShape),
  first_seen: timeShape,
  overdue_since: timeShape,
});

const overdueExample = {
  rule: "orders",
  message_id: "m-2041",
  missing: ["shipments"],
  seen: { orders: "2026-11-21T10:02:11.931071Z" },
  first_seen: "2026-11-21T10:02:11.931Z",
  overdue_since: "2026-11-21T10:03:11.931Z",
};

export const listAllOverdue = endpoint("GET /v1/overdue", {
  id: "listAllOverdue",
  tag,
  summary: "What is overdue, over all rules and applications",
  description:
    "Ids of ack rules, and messages of applications, whose deadline has passed: those that were first seen earliest come first. Only what the caller may read.",
  query: {
    ...filters,
    limit: pageLimit("Ids in the page"),
    after: optional(parameter("The `next` of an earlier answer", z.string(), parseOverdueCursor)),
  },
  answers: {
    200: json(
      "A page.",
      z.object({
        overdue: z.array(overdueShape),
        next: z.string().nullable().describe("As `after`, gives those that follow"),
      }),
      { overdue: [overdueExample], next: null },
    ),
  },
  problems: [400, 503],
  access,
});

export const groupAllOverdue = endpoint("GET /v1/overdue/groups", {
  id: "groupAllOverdue",
  tag,
  summary: "What is overdue, counted by what it misses",
  description:
    "Of the same ids: the group of the one that was first seen earliest comes first. By `app` and `rule`, what has no such name is grouped by the other one.",
  query: { ...filters, by: withDefault(choice("What makes a group", groupings), "missing") },
  answers: {
    200: json(
      "As of now.",
      z.object({
        counted: countShape.describe("Ids that were looked at"),
        more: z.boolean().describe("There are more ids than `counted`, which are the oldest"),
        groups: z.array(
          z.object({
            missing: z.array(z.string()).optional(),
            rule: nameShape.optional(),
            app_id: z.string().optional(),
            count: countShape,
            oldest: overdueShape,
          }),
        ),
      }),
      {
        counted: 1,
        more: false,
        groups: [{ missing: ["shipments"], count: 1, oldest: overdueExample }],
      },
    ),
  },
  problems: [400, 503],
  access,
});

export const exportAllOverdue = endpoint("GET /v1/overdue/export", {
  id: "exportAllOverdue",
  tag,
  summary: "Export what is overdue",
  description:
    "The same ids, all of them, as lines of JSON or as CSV. It breaks off where it cannot go on: an export that ends is whole.",
  query: {
    ...filters,
    format: withDefault(choice("The format", ["ndjson", "csv"]), "ndjson"),
  },
  answers: {
    200: {
      description: "The file.",
      content: {
        "application/x-ndjson": { schema: overdueShape },
        "text/csv": { schema: z.string() },
      },
    },
  },
  problems: [400, 503],
  access,
});

export const overdueEndpoints = [listAllOverdue, groupAllOverdue, exportAllOverdue];
