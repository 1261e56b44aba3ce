/**
 * The store's tables. `migrations/` follows this file by `drizzle-kit generate`; the log's tables
 * are the log driver's own and stand in a migration written by hand.
 */
import { sql } from "drizzle-orm";
import {
  bigint,
  customType,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
} from "drizzle-orm/pg-core";

const bytea = customType<{ data: Uint8Array; driverData: Uint8Array }>({ dataType: () => "bytea" });

/** Nodes that run guests. A row that is gone is a lease that is spent: its name never comes back. */
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
    /** Its end record. */
    endEpoch: bigint("end_epoch", { mode: "number" }),
    endSequence: bigint("end_sequence", { mode: "number" }),
    endIdx: integer("end_idx"),
    /** The node that runs its guest; free again when that node's row goes. */
    owner: text().references(() => nodes.id, { onDelete: "set null" }),
    /** The newest event whose row was dropped, and which one of the emitter it was. */
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

/** Where each projection stands: committed together with its rows. */
export const projections = pgTable("projections", {
  name: text().primaryKey(),
  epoch: bigint({ mode: "number" }).notNull(),
  sequence: bigint({ mode: "number" }).notNull(),
  idx: integer().notNull(),
  /** Records up to here never became rows, or belong to an earlier life of the topic. */
  floorEpoch: bigint("floor_epoch", { mode: "number" }).notNull(),
  floorSequence: bigint("floor_sequence", { mode: "number" }).notNull(),
  floorIdx: integer("floor_idx").notNull(),
  updatedAt: timestamp("updated_at", { withTimezone: true }).notNull().defaultNow(),
});
