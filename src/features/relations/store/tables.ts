/** Counts and refusals. The landing tables have the columns of the user's mapping: `landing-tables.ts`. */

import { bigint, pgTable, primaryKey, text, timestamp } from "drizzle-orm/pg-core";
import { orderedText } from "../../../postgres/columns.ts";

export const relationCounts = pgTable("relation_counts", {
  relation: text().primaryKey(),
  /** Number of records that became rows. */
  taken: bigint({ mode: "number" }).notNull(),
  /** Number of records that could not become rows. */
  refused: bigint({ mode: "number" }).notNull(),
  /** Number of rows ever written to `relation_refusals`: a record may have several reasons. */
  refusals: bigint({ mode: "number" }).notNull(),
});

export const relationRefusals = pgTable(
  "relation_refusals",
  {
    relation: text().notNull(),
    /** Counted from 1 for each relation. */
    number: bigint({ mode: "number" }).notNull(),
    /** The record's position as it is rendered everywhere; those of a topic sort as bytes. */
    position: orderedText().notNull(),
    /** JSON Pointer; empty where the refusal is about the whole record. */
    field: text().notNull(),
    given: text().notNull(),
    message: text().notNull(),
    at: timestamp({ withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ name: "relation_refusals_pkey", columns: [table.relation, table.number] }),
  ],
);
