/** Addresses about the ids of one ack rule: lists, combinations, figures over time. */

import { z } from "zod";
import { invalidField } from "../../../core/failure.ts";
import { json } from "../../../http/endpoint/answer.ts";
import { endpoint } from "../../../http/endpoint/endpoint.ts";
import {
  choice,
  count,
  optional,
  parameter,
  text,
  withDefault,
} from "../../../http/endpoint/parameter.ts";
import { countShape, timeShape } from "../../../http/endpoint/shapes.ts";
import type { FiguresQuery } from "../figures.ts";
import { ackIdStates } from "../rule.ts";
import { parseInstant } from "./overdue-params.ts";
import {
  idPage,
  messageShape,
  nextIds,
  overdueExample,
  readsRule,
  ruleName,
  tag,
} from "./shapes.ts";

export const listIds = endpoint("GET /v1/ack-rules/{name}/messages", {
  id: "listAckRuleMessages",
  tag,
  summary: "The ids of a rule in one state",
  description:
    "Open ids: those due first come first. Overdue ids: those overdue for longest. Complete ids, while they are kept: those that were completed last.",
  params: ruleName,
  query: {
    state: withDefault(choice("The state of the ids", ackIdStates), "open"),
    missing: optional(text("Only ids that miss this topic (or event)")),
    id: optional(text("Only this id, whatever its state")),
    ...idPage,
  },
  answers: {
    200: json(
      "A page.",
      z.object({
        messages: z.array(messageShape),
        next: nextIds,
      }),
      { messages: [overdueExample], next: null },
    ),
  },
  problems: [400, 404, 503],
  access: readsRule,
});

const combinationShape = z.object({
  seen: z.array(z.string()).describe("Topics, or events"),
  missing: z.array(z.string()),
  open: countShape,
  overdue: countShape,
  oldest: z.object({ message_id: z.string(), first_seen: timeShape }),
  time_left: z
    .array(countShape)
    .optional()
    .describe("Ids by cell of `time_left`; left out where the rule has no deadline"),
});

export const ruleCombinations = endpoint("GET /v1/ack-rules/{name}/combinations", {
  id: "ackRuleCombinations",
  tag,
  summary: "In which topics the unfinished ids of a rule were seen",
  description:
    "Open and overdue ids by the combination of topics (or events) that they were seen in, those of the most ids first, each with its oldest id and a histogram of the time left.",
  params: ruleName,
  answers: {
    200: json(
      "As of now.",
      z.object({
        counted: countShape.describe("Ids that were looked at: overdue ones, and those due first"),
        more: z.boolean().describe("There are more ids than `counted`"),
        others: countShape.describe("Ids of combinations that are not listed"),
        time_left: z
          .object({ from_ms: z.number(), cell_ms: z.number(), cells: countShape })
          .optional()
          .describe(
            "The cells of every histogram: milliseconds until the deadline, negative past it. The first and the last one contain what lies beyond as well",
          ),
        combinations: z.array(combinationShape),
      }),
      {
        counted: 3,
        more: false,
        others: 0,
        time_left: { from_ms: -60_000, cell_ms: 30_000, cells: 4 },
        combinations: [
          {
            seen: ["orders", "payments"],
            missing: ["shipments"],
            open: 2,
            overdue: 1,
            oldest: { message_id: "m-2041", first_seen: "2026-11-21T10:02:11.931071Z" },
            time_left: [0, 1, 0, 2],
          },
        ],
      },
    ),
  },
  problems: [400, 404, 503],
  access: readsRule,
});

const hourMs = 3_600_000;

/** Cells are of whole milliseconds at least. */
const cellsMax = 1000;

const countsShape = z.array(countShape);

export const ruleFigures = endpoint("GET /v1/ack-rules/{name}/figures", {
  id: "ackRuleFigures",
  tag,
  summary: "Figures of a rule over time",
  description:
    "When ids were seen in each topic and acknowledged, in cells of time, and how long acks took after an id's last occurrence. Of the acks that were appended in the time, and of the ids that are open or overdue.",
  params: ruleName,
  query: {
    since: optional(
      parameter("The beginning, RFC 3339; an hour before the end", timeShape, parseInstant),
    ),
    until: optional(parameter("The end, RFC 3339; now", timeShape, parseInstant)),
    cells: withDefault(count("Cells of the time", { min: 1, max: cellsMax }), 120),
  },
  answers: {
    200: json(
      "The figures.",
      z.object({
        since: timeShape,
        until: timeShape,
        cell_ms: z.number(),
        acks: countsShape.describe("Acks in each cell"),
        seen: z
          .record(z.string(), countsShape)
          .describe("For each topic (or event), the ids that were first seen there in each cell"),
        delay_ms: z
          .object({ p50: z.number(), p90: z.number(), p99: z.number(), max: z.number() })
          .nullable()
          .describe("Of the acks, exact; null without any"),
        delays: z
          .array(z.object({ from_ms: z.number(), to_ms: z.number(), count: countShape }))
          .describe("Acks by delay, in cells that grow by a factor"),
        read: countShape.describe("Records of the output topic that were read"),
        read_until: timeShape
          .optional()
          .describe("Where reading ended, because there are too many: request a shorter time"),
      }),
      {
        since: "2026-11-21T10:00:00.000Z",
        until: "2026-11-21T10:00:30.000Z",
        cell_ms: 10_000,
        acks: [0, 2, 1],
        seen: { orders: [1, 2, 0], payments: [0, 2, 1], shipments: [0, 2, 1] },
        delay_ms: { p50: 2.43, p90: 6.67, p99: 6.67, max: 6.67 },
        delays: [
          { from_ms: 2.4, to_ms: 4, count: 2 },
          { from_ms: 4, to_ms: 6.67, count: 1 },
        ],
        read: 3,
      },
    ),
  },
  problems: [400, 404, 503],
  access: readsRule,
});

/** Throws `invalid` where the end is not after the beginning. */
export function figuresQuery(
  {
    since,
    until,
    cells,
  }: { readonly since?: bigint | undefined; readonly until?: bigint | undefined; cells: number },
  nowMs: number,
): FiguresQuery {
  const untilMs = until === undefined ? Math.floor(nowMs) : msFrom(until);
  const sinceMs = since === undefined ? untilMs - hourMs : msFrom(since);
  if (untilMs - sinceMs >= cells) return { sinceMs, untilMs, cells };
  throw invalidField(
    "until",
    "Cannot use this time: expected an end after the beginning, by a millisecond for each cell",
  );
}

function msFrom(ns: bigint): number {
  return Number(ns / 1_000_000n);
}

export const idEndpoints = [listIds, ruleCombinations, ruleFigures];
