import {
  bigint,
  doublePrecision,
  index,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
} from "drizzle-orm/pg-core";
import { orderedText } from "../../../postgres/columns.ts";
import type { NodeState, Point } from "../node.ts";

/** What each node last said of itself. */
export const nodes = pgTable("cluster_nodes", {
  node: text().primaryKey(),
  startedAt: timestamp("started_at", { withTimezone: true }).notNull(),
  seenAt: timestamp("seen_at", { withTimezone: true }).notNull(),
  /** Set by a node that shut down. */
  stoppedAt: timestamp("stopped_at", { withTimezone: true }),
  state: jsonb().$type<NodeState>().notNull(),
});

/** The last hour of each node. */
export const nodePoints = pgTable(
  "cluster_points",
  {
    /** Milliseconds since 1970: the end of the ten seconds that the point is about. */
    atMs: bigint("at_ms", { mode: "number" }).notNull(),
    node: text().notNull(),
    point: jsonb().$type<Point>().notNull(),
  },
  (table) => [primaryKey({ name: "cluster_points_pkey", columns: [table.atMs, table.node] })],
);

/** What all nodes together appended to each topic in its last two spans of ten seconds. */
export const topicActivity = pgTable(
  "topic_activity",
  {
    topic: orderedText().primaryKey(),
    /** Number of the later span since 1970. */
    span: bigint({ mode: "number" }).notNull(),
    records: doublePrecision().notNull(),
    bytes: doublePrecision().notNull(),
    refused: doublePrecision().notNull(),
    /** The same of the span before it. */
    recordsBefore: doublePrecision("records_before").notNull(),
    bytesBefore: doublePrecision("bytes_before").notNull(),
    refusedBefore: doublePrecision("refused_before").notNull(),
    /** Milliseconds since 1970; null: no record was appended since this is counted. */
    lastMs: bigint("last_ms", { mode: "number" }),
    /** The same before the first record of the later span: null as well where there was only one span. */
    lastBeforeMs: bigint("last_before_ms", { mode: "number" }),
  },
  (table) => [index("topic_activity_span").on(table.span)],
);
