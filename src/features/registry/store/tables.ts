import {
  bigint,
  foreignKey,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uuid,
} from "drizzle-orm/pg-core";
import { bytea, orderedText } from "../../../postgres/columns.ts";
import { changeKinds, compatibilities, registryModes } from "../registry-port.ts";

/** Registered schemas, by content: rows are never changed. */
export const schemas = pgTable("schemas", {
  id: integer().primaryKey().generatedAlwaysAsIdentity(),
  /** Two schemas with the same content are one. */
  content: text().notNull().unique(),
  guid: uuid().notNull().unique(),
  hash: text().notNull(),
  file: text().notNull(),
  set: bytea("descriptor_set").notNull(),
  messages: text().array().notNull(),
});

/** The schemas that declare a message; the newest one resolves its name. */
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

/** Subjects that ever had a version; the count outlives the versions, so that no number is reused. */
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
    /** The text as it was sent; null where descriptors were sent. */
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

/** Settings of a subject, or of all subjects under the empty name; null: not set. */
export const registrySettings = pgTable("registry_settings", {
  subject: text().primaryKey(),
  compatibility: text({ enum: compatibilities }),
  mode: text({ enum: registryModes }),
});

/** Every change in the order of commits, for watchers. */
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

/** Topics in which records of a schema were seen: written every few seconds, so a moment late. */
export const schemaUses = pgTable(
  "schema_uses",
  {
    topic: orderedText().notNull(),
    schema: integer()
      .notNull()
      .references(() => schemas.id, { onDelete: "cascade" }),
    firstSeen: timestamp("first_seen", { withTimezone: true }).notNull(),
    lastSeen: timestamp("last_seen", { withTimezone: true }).notNull(),
  },
  (table) => [
    primaryKey({ name: "schema_uses_pkey", columns: [table.topic, table.schema] }),
    index("schema_uses_schema").on(table.schema, table.topic),
    index("schema_uses_seen").on(table.lastSeen),
  ],
);
