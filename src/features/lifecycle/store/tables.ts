import { sql } from "drizzle-orm";
import { bigint, boolean, check, index, pgTable, primaryKey } from "drizzle-orm/pg-core";
import { bigints, orderedText, orderedTexts, sparseBigints } from "../../../postgres/columns.ts";

/** Times are nanoseconds since 1970. */
export const lifecycles = pgTable(
  "lifecycles",
  {
    messageId: orderedText("message_id").notNull(),
    appId: orderedText("app_id").notNull(),
    /**
     * Names of the events, in order; the next three arrays have an element for each of them. One row
     * an id takes a third of the space of one row an event, and is read without a join.
     */
    events: orderedTexts().notNull(),
    firsts: bigints().notNull(),
    lasts: bigints().notNull(),
    counts: bigints().notNull(),
    total: bigint({ mode: "number" }).notNull(),
    firstNs: bigint("first_ns", { mode: "bigint" }).notNull(),
    lastNs: bigint("last_ns", { mode: "bigint" }).notNull(),
    externalId: orderedText("external_id"),
    /** When the first record was received, by the gateway's clock. */
    seenNs: bigint("seen_ns", { mode: "bigint" }).notNull(),
    /** When the last record was received, by the gateway's clock. */
    touchedNs: bigint("touched_ns", { mode: "bigint" }).notNull(),
    /**
     * Whether every event that the app expects was seen. Whether one that is not complete is overdue
     * follows from `firstNs`: no row is touched when its deadline passes.
     */
    complete: boolean().notNull(),
    /**
     * When the gateway received the first and the last of each event, as `firsts`. Null, or an element
     * null, where an event was merged by a version without these columns.
     */
    receivedFirsts: sparseBigints("received_firsts"),
    receivedLasts: sparseBigints("received_lasts"),
  },
  (table) => [
    primaryKey({ name: "lifecycles_pkey", columns: [table.messageId, table.appId] }),
    index("lifecycles_app").on(table.appId, table.complete, table.firstNs, table.messageId),
    index("lifecycles_time").on(table.complete, table.firstNs, table.messageId, table.appId),
    // `seen_ns` never changes, so that this index costs updates nothing.
    index("lifecycles_seen").on(table.appId, table.seenNs, table.messageId),
    index("lifecycles_external")
      .on(table.externalId, table.firstNs, table.messageId, table.appId)
      .where(sql`${table.externalId} is not null`),
  ],
);

/** Settings of apps. */
export const lifecycleApps = pgTable("lifecycle_apps", {
  appId: orderedText("app_id").primaryKey(),
  expected: orderedTexts().notNull(),
  deadlineMs: bigint("deadline_ms", { mode: "number" }),
  retentionMs: bigint("retention_ms", { mode: "number" }),
  revision: bigint({ mode: "number" }).notNull().default(1),
  /** The revision that `complete` of the app's rows follows; behind while they are being updated. */
  settled: bigint({ mode: "number" }).notNull().default(0),
});

/** A single row: how the projection fares. */
export const lifecycleProgress = pgTable(
  "lifecycle_progress",
  {
    id: boolean().primaryKey().default(true),
    /** Number of records of the topic that are not events. */
    undecodable: bigint({ mode: "number" }).notNull(),
  },
  () => [check("lifecycle_progress_id_check", sql`id`)],
);
