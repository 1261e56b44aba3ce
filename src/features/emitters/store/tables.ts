import { sql } from "drizzle-orm";
import {
  bigint,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
} from "drizzle-orm/pg-core";
import { bytea } from "../../../postgres/columns.ts";

/** Nodes that run guests. Deleting a row ends the node's lease; a node's name is never reused. */
export const nodes = pgTable("nodes", {
  id: text().primaryKey(),
  leaseUntil: timestamp("lease_until", { withTimezone: true }).notNull(),
});

export const emitters = pgTable(
  "emitters",
  {
    id: text().primaryKey(),
    source: text({ enum: ["guest", "external"] }).notNull(),
    rate: doublePrecision().notNull(),
    createdAt: timestamp("created_at", { withTimezone: true }).notNull().defaultNow(),
    endedAt: timestamp("ended_at", { withTimezone: true }),
    /** Position of its end record. */
    endEpoch: bigint("end_epoch", { mode: "number" }),
    endSequence: bigint("end_sequence", { mode: "number" }),
    endIdx: integer("end_idx"),
    /** The node that runs its guest; null again once that node's row is deleted. */
    owner: text().references(() => nodes.id, { onDelete: "set null" }),
    /** Position and ordinal of the newest event whose row was dropped. */
    trimmedEpoch: bigint("trimmed_epoch", { mode: "number" }),
    trimmedSequence: bigint("trimmed_sequence", { mode: "number" }),
    trimmedIdx: integer("trimmed_idx"),
    trimmedOrdinal: bigint("trimmed_ordinal", { mode: "number" }),
  },
  (table) => [
    index("emitters_free")
      .on(table.id)
      .where(sql`source = 'guest' and ended_at is null and owner is null`),
    index("emitters_owner")
      .on(table.owner)
      .where(sql`owner is not null`),
    index("emitters_ended")
      .on(table.endedAt)
      .where(sql`ended_at is not null`),
    index("emitters_unfinished")
      .on(table.endedAt)
      .where(sql`ended_at is not null and end_epoch is null`),
  ],
);

/** The events of all emitters, as pages need them. */
export const emitterEvents = pgTable(
  "emitter_events",
  {
    emitter: text().notNull(),
    epoch: bigint({ mode: "number" }).notNull(),
    sequence: bigint({ mode: "number" }).notNull(),
    idx: integer().notNull(),
    /** The emitter's first event is 1: counts and retention need no scan. */
    ordinal: bigint({ mode: "number" }).notNull(),
    receivedNs: bigint("received_ns", { mode: "bigint" }).notNull(),
    timeNs: bigint("time_ns", { mode: "bigint" }).notNull(),
    contentType: text("content_type").notNull(),
    schemaId: bigint("schema_id", { mode: "number" }).notNull(),
    /** Base64 by name. */
    headers: jsonb().$type<Readonly<Record<string, string>>>(),
    data: bytea().notNull(),
  },
  (table) => [
    primaryKey({
      name: "emitter_events_pkey",
      columns: [table.emitter, table.epoch, table.sequence, table.idx],
    }),
  ],
);
