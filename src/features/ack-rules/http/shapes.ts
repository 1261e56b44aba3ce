/** What several addresses of ack rules take and answer. */

import { z } from "zod";
import { parseName } from "../../../core/topic.ts";
import { needs } from "../../../http/access.ts";
import { pageLimit } from "../../../http/endpoint/paging.ts";
import { optional, parameter } from "../../../http/endpoint/parameter.ts";
import { nameShape, timeShape } from "../../../http/endpoint/shapes.ts";
import { parseIdToken } from "./id-token.ts";

export const tag = "Ack rules";

export const ruleName = { name: parameter("The rule's name", nameShape, parseName, "orders") };

export const readsRule = needs("read", "rule", { param: "name" });

/** Which ids of a rule a page has. */
export const idPage = {
  limit: pageLimit("Ids in the page"),
  after: optional(parameter("The `next` of an earlier answer", z.string(), parseIdToken)),
};

export const nextIds = z.string().nullable().describe("As `after`, gives those that follow");

export const messageShape = z.object({
  message_id: z.string(),
  state: z.enum(["unseen", "open", "overdue", "complete"]),
  missing: z.array(z.string()).describe("Topics, or events"),
  seen: z
    .record(z.string(), timeShape)
    .describe("When the first occurrence in each topic (or of each event) was received"),
  overdue_since: timeShape.optional(),
  due_at: timeShape.optional().describe("When an open id becomes overdue"),
});

export const overdueExample = {
  message_id: "m-2041",
  state: "overdue" as const,
  missing: ["shipments"],
  seen: { orders: "2026-11-21T10:02:11.931071Z", payments: "2026-11-21T10:02:11.959506Z" },
  overdue_since: "2026-11-21T10:03:11.931Z",
};
