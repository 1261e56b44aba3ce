/** Keys, the sessions that were opened with them, and tickets. None of the columns has a secret. */

import { sql } from "drizzle-orm";
import {
  bigint,
  boolean,
  index,
  integer,
  jsonb,
  pgTable,
  text,
  timestamp,
  uniqueIndex,
} from "drizzle-orm/pg-core";
import type { PrincipalKind } from "../../../core/access/caller.ts";
import { bytea, orderedText, orderedTexts } from "../../../postgres/columns.ts";

/** The creator of a ticket. */
export interface StoredPrincipal {
  readonly kind: PrincipalKind;
  readonly id: string;
  readonly name: string;
  readonly expiresMs?: number;
}

/** One row: each change of `access_credentials` takes the next revision, in the order of commits. */
export const accessState = pgTable("access_state", {
  one: integer().primaryKey(),
  revision: bigint({ mode: "number" }).notNull(),
});

export const accessCredentials = pgTable(
  "access_credentials",
  {
    /** The visible part of the secret. */
    id: orderedText().primaryKey(),
    kind: text({ enum: ["key", "session"] }).notNull(),
    /** Of a session: the principal whose key opened it. */
    parent: orderedText(),
    name: orderedText().notNull(),
    /** As they were written: `append topic:orders.*`. */
    grants: orderedTexts().notNull(),
    /** SHA-256 of the whole secret. */
    hash: bytea().notNull(),
    /** Whether it lets its owner manage keys, without an end. */
    keeper: boolean().notNull(),
    createdAt: timestamp("created_at", { withTimezone: true }).notNull().defaultNow(),
    /** The principal that created it. */
    createdBy: orderedText("created_by").notNull(),
    expiresAt: timestamp("expires_at", { withTimezone: true }),
    usedAt: timestamp("used_at", { withTimezone: true }),
    /** Kept for a while after it is revoked, so that every node learns of it. */
    revokedAt: timestamp("revoked_at", { withTimezone: true }),
    revision: bigint({ mode: "number" }).notNull(),
  },
  (table) => [
    index("access_credentials_revision").on(table.revision),
    uniqueIndex("access_keys_name")
      .on(table.name)
      .where(sql`kind = 'key' and revoked_at is null`),
  ],
);

/** Each is deleted by the request that uses it. */
export const accessTickets = pgTable(
  "access_tickets",
  {
    /** SHA-256 of the ticket. */
    hash: bytea().primaryKey(),
    /** What it is for: a part of what its creator may do. */
    grants: orderedTexts().notNull(),
    /** The credential of its creator, where a node can look it up: a ticket ends with it. */
    origin: orderedText(),
    principal: jsonb().$type<StoredPrincipal>().notNull(),
    expiresAt: timestamp("expires_at", { withTimezone: true }).notNull(),
  },
  (table) => [index("access_tickets_expires").on(table.expiresAt)],
);
