import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  smallint,
  timestamp,
  uniqueIndex,
  uuid,
} from "drizzle-orm/pg-core";
import type { PrincipalKind } from "../../../core/access/caller.ts";
import { orderedText, sparseBigints } from "../../../postgres/columns.ts";
import type { DelayCounts, IdAt } from "../rule.ts";

/** A rule's settings as JSON. */
export interface StoredConfig {
  readonly topics?: readonly string[];
  readonly id?: IdAt;
  readonly events?: readonly string[];
  readonly app_id?: string;
  readonly output: string;
  readonly deadline_ms?: number;
  readonly keep_ms: number;
  readonly from: "now" | "earliest";
  /** For each place, its index in `seen` of the rule's rows; left out: its index among the places. */
  readonly slots?: readonly number[];
}

/** A change that waits until the acks of the present configuration are in the log. */
export interface StoredChange {
  readonly config: StoredConfig;
  readonly creator: StoredCreator | null;
  /** Where the added topics ended when the change was requested. */
  readonly positions: Readonly<Record<string, string>>;
}

/** How far the owner is with applying a change to the ids. */
export interface StoredSettling {
  readonly after: string;
  /** Before the change. */
  readonly keep_ms: number;
}

/** A principal as JSON, with its grants as text. */
export interface StoredCreator {
  readonly kind: PrincipalKind;
  readonly id: string;
  readonly name: string;
  readonly grants: readonly string[];
}

export const ackRules = pgTable(
  "ack_rules",
  {
    number: bigint({ mode: "number" }).primaryKey().generatedAlwaysAsIdentity(),
    /** Names the rule's producer in the log: no other incarnation of a rule has it, in any database. */
    life: uuid().notNull().defaultRandom(),
    name: orderedText().notNull(),
    config: jsonb().$type<StoredConfig>().notNull(),
    madeAt: timestamp("made_at", { withTimezone: true }).notNull().defaultNow(),
    /** Once it is set the rule no longer exists for callers; its rows are dropped in steps. */
    removedAt: timestamp("removed_at", { withTimezone: true }),
    /** Number of commits of the owner: fences an owner that was replaced without noticing it. */
    version: bigint({ mode: "number" }).notNull().default(0),
    producerEpoch: bigint("producer_epoch", { mode: "number" }).notNull().default(0),
    acks: bigint({ mode: "number" }).notNull().default(0),
    notices: bigint({ mode: "number" }).notNull().default(0),
    complete: bigint({ mode: "number" }).notNull().default(0),
    late: bigint({ mode: "number" }).notNull().default(0),
    open: bigint({ mode: "number" }).notNull().default(0),
    overdue: bigint({ mode: "number" }).notNull().default(0),
    forgotten: bigint({ mode: "number" }).notNull().default(0),
    duplicates: bigint({ mode: "number" }).notNull().default(0),
    withoutId: bigint("without_id", { mode: "number" }).notNull().default(0),
    delays: jsonb().$type<DelayCounts>().notNull().default({}),
    /** Null: it was created without access control. */
    creator: jsonb().$type<StoredCreator>(),
    /** Number of changes of the configuration. */
    revision: bigint({ mode: "number" }).notNull().default(0),
    change: jsonb().$type<StoredChange>(),
    settling: jsonb().$type<StoredSettling>(),
  },
  (table) => [
    uniqueIndex("ack_rules_name")
      .on(table.name)
      .where(sql`removed_at is null`),
  ],
);

/** How far each rule has read each of its topics. */
export const ackPositions = pgTable(
  "ack_positions",
  {
    rule: bigint({ mode: "number" }).notNull(),
    topic: orderedText().notNull(),
    epoch: bigint({ mode: "number" }).notNull(),
    sequence: bigint({ mode: "number" }).notNull(),
    idx: integer().notNull(),
  },
  (table) => [primaryKey({ name: "ack_positions_pkey", columns: [table.rule, table.topic] })],
);

export const ackIds = pgTable(
  "ack_ids",
  {
    rule: bigint({ mode: "number" }).notNull(),
    id: orderedText().notNull(),
    /** 0 open, 1 overdue, 2 complete. */
    state: smallint().notNull(),
    /** First occurrence in each slot of the rule's places, nanoseconds since 1970; null: none yet. */
    seen: sparseBigints().notNull(),
    /** Milliseconds since 1970. */
    nextMs: bigint("next_ms", { mode: "number" }).notNull(),
    overdueMs: bigint("overdue_ms", { mode: "number" }),
  },
  (table) => [
    primaryKey({ name: "ack_ids_pkey", columns: [table.rule, table.id] }),
    // The sweep reads it up to the first row that is not due: neither open ids that have time left
    // nor those that are kept cost it anything.
    index("ack_ids_next").on(table.rule, table.nextMs),
    index("ack_ids_open")
      .on(table.rule, table.nextMs, table.id)
      .where(sql`state = 0`),
    index("ack_ids_overdue")
      .on(table.rule, table.overdueMs, table.id)
      .where(sql`state = 1`),
  ],
);

/** Announcements that are committed, and not known to be in the log. */
export const ackOutbox = pgTable(
  "ack_outbox",
  {
    rule: bigint({ mode: "number" }).notNull(),
    /** 0 acks, 1 notices. */
    output: smallint().notNull(),
    n: bigint({ mode: "number" }).notNull(),
    id: orderedText().notNull(),
    /** 0 complete, 1 overdue, 2 resolved, 3 forgotten. */
    state: smallint().notNull(),
    late: boolean().notNull(),
    seen: sparseBigints().notNull(),
  },
  (table) => [
    primaryKey({ name: "ack_outbox_pkey", columns: [table.rule, table.output, table.n] }),
  ],
);
