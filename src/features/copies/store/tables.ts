import { bigint, integer, jsonb, pgTable, text, timestamp, uuid } from "drizzle-orm/pg-core";
import { orderedText } from "../../../postgres/columns.ts";
import type { CopyFilter } from "../copy.ts";
import type { StoredCreator } from "./creator.ts";

/** Jobs that send records of one topic to another one, and how far each has come. */
export const topicCopies = pgTable("topic_copies", {
  id: orderedText().primaryKey(),
  /** Names the job's producer in the log: no other incarnation of a job has it. */
  life: uuid().notNull(),
  source: orderedText().notNull(),
  target: orderedText().notNull(),
  /** Positions as they are rendered everywhere: after the first one, up to and including the last one. */
  after: text().notNull(),
  until: text().notNull(),
  filter: jsonb().$type<CopyFilter>().notNull(),
  /** Records a second. */
  rate: integer().notNull(),
  /** `running`, `paused`, `cancelled`, `done`, `failed`. */
  state: text().notNull(),
  /** Of the last record that was read and is dealt with. */
  position: text().notNull(),
  /** Records that were read: the sequence of the job's producer. */
  read: bigint({ mode: "number" }).notNull().default(0),
  matched: bigint({ mode: "number" }).notNull().default(0),
  sent: bigint({ mode: "number" }).notNull().default(0),
  refused: bigint({ mode: "number" }).notNull().default(0),
  lastRefusal: text("last_refusal"),
  failure: text(),
  /** Null: it was created without access control. */
  creator: jsonb().$type<StoredCreator>(),
  createdAt: timestamp("created_at", { withTimezone: true }).notNull().defaultNow(),
  changedAt: timestamp("changed_at", { withTimezone: true }).notNull().defaultNow(),
});
