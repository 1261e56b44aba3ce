/**
 * The store's tables that belong to no feature. Those of a feature are in its `store/tables.ts`, the
 * log's are the log driver's own. A change here becomes a migration by `drizzle-kit generate`.
 */

import { bigint, integer, pgTable, text, timestamp } from "drizzle-orm/pg-core";

/** How far each projection has come: committed together with its rows. */
export const projections = pgTable("projections", {
  name: text().primaryKey(),
  epoch: bigint({ mode: "number" }).notNull(),
  sequence: bigint({ mode: "number" }).notNull(),
  idx: integer().notNull(),
  /** Records up to here never became rows, or belong to an earlier incarnation of the topic. */
  floorEpoch: bigint("floor_epoch", { mode: "number" }).notNull(),
  floorSequence: bigint("floor_sequence", { mode: "number" }).notNull(),
  floorIdx: integer("floor_idx").notNull(),
  updatedAt: timestamp("updated_at", { withTimezone: true }).notNull().defaultNow(),
});
