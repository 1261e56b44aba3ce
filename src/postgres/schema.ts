/**
 * The store's tables. `migrations/` follows this file by `drizzle-kit generate`; the log's tables
 * are the log driver's own and stand in a migration written by hand.
 */
import { sql } from "drizzle-orm";
import {
  bigint,
  customType,
  doublePrecision,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uuid,
} from "drizzle-orm/pg-core";
import { changeKinds, compatibilities, registryModes } from "../features/registry/registry-port.ts";

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

/** What is registered, by content: rows are never changed. */
export const schemas = pgTable("schemas", {
  id: integer().primaryKey().generatedAlwaysAsIdentity(),
  /** What makes two schemas one. */
  content: text().notNull().unique(),
  guid: uuid().notNull().unique(),
  hash: text().notNull(),
  file: text().notNull(),
  set: bytea("descriptor_set").notNull(),
  messages: text().array().notNull(),
});

/** Which schemas declare a message: the newest one answers for its name. */
export const schemaMessages = pgTable(
  "schema_messages",
  {
    name: text().notNull(),
    schema: integer()
      .notNull()
      .references(() => schemas.id, { onDelete: "cascade" }),
  },
  (table) => [
    primaryKey({ name: "schema_messages_pkey", columns: [table.name, table.schema] }),
    index("schema_messages_schema").on(table.schema),
  ],
);

/** Subjects that ever had a version; the count outlives them, so that no number comes twice. */
export const subjects = pgTable("subjects", {
  name: text().primaryKey(),
  versions: integer().notNull(),
});

export const subjectVersions = pgTable(
  "subject_versions",
  {
    subject: text()
      .notNull()
      .references(() => subjects.name),
    version: integer().notNull(),
    schema: integer()
      .notNull()
      .references(() => schemas.id),
    /** As it was sent; null where descriptors were. */
    text: text(),
    registeredAt: timestamp("registered_at", { withTimezone: true }).notNull().defaultNow(),
    deletedAt: timestamp("deleted_at", { withTimezone: true }),
  },
  (table) => [
    primaryKey({ name: "subject_versions_pkey", columns: [table.subject, table.version] }),
    index("subject_versions_schema").on(table.schema),
  ],
);

/** Imports of a version that are versions of other subjects. */
export const schemaReferences = pgTable(
  "schema_references",
  {
    subject: text().notNull(),
    version: integer().notNull(),
    idx: integer().notNull(),
    name: text().notNull(),
    toSubject: text("to_subject").notNull(),
    toVersion: integer("to_version").notNull(),
  },
  (table) => [
    primaryKey({
      name: "schema_references_pkey",
      columns: [table.subject, table.version, table.idx],
    }),
    foreignKey({
      name: "schema_references_from_fk",
      columns: [table.subject, table.version],
      foreignColumns: [subjectVersions.subject, subjectVersions.version],
    }).onDelete("cascade"),
    foreignKey({
      name: "schema_references_to_fk",
      columns: [table.toSubject, table.toVersion],
      foreignColumns: [subjectVersions.subject, subjectVersions.version],
    }),
    index("schema_references_to").on(table.toSubject, table.toVersion),
  ],
);

/** Of a subject, or of all under the empty name; null: not set. */
export const registrySettings = pgTable("registry_settings", {
  subject: text().primaryKey(),
  compatibility: text({ enum: compatibilities }),
  mode: text({ enum: registryModes }),
});

/** Every change, in the order of commits: what watchers read. */
export const registryChanges = pgTable(
  "registry_changes",
  {
    revision: bigint({ mode: "number" }).primaryKey(),
    kind: text({ enum: changeKinds }).notNull(),
    subject: text().notNull(),
    version: integer().notNull(),
    schema: integer().notNull(),
    changedAt: timestamp("changed_at", { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [index("registry_changes_subject").on(table.subject, table.revision)],
);
