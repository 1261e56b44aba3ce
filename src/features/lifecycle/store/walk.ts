/** A walk over the lifecycles of an app in the order in which they were created, in bounded steps. */

import { and, asc, eq, type SQL, sql } from "drizzle-orm";
import type { Database } from "../../../postgres/database.ts";
import { compareTexts } from "../lifecycle.ts";
import { lifecycles } from "./tables.ts";

/** About 50 ms a statement. */
export const rowsPerStep = 2_000;

export interface WalkedTo {
  readonly seenNs: bigint;
  readonly messageId: string;
}

export const walkStart: WalkedTo = { seenNs: -(2n ** 63n), messageId: "" };

interface Picked {
  /** Which of the rows are returned. */
  readonly matches: SQL<boolean>;
  /** Which rows the walk goes over; undefined: all. */
  readonly among?: SQL;
}

/**
 * The ids of the next rows that match, sorted, because every writer locks them in this order. `next`
 * is undefined at the end of the walk.
 */
export async function walk(
  { db, run }: Database,
  appId: string,
  at: WalkedTo,
  { matches, among }: Picked,
): Promise<{ readonly messages: readonly string[]; readonly next: WalkedTo | undefined }> {
  const { messageId, seenNs } = lifecycles;
  const rows = await run(() =>
    db
      .select({ messageId, seenNs, matches })
      .from(lifecycles)
      .where(
        and(
          eq(lifecycles.appId, appId),
          sql`(${seenNs}, ${messageId}) > (${at.seenNs}, ${at.messageId})`,
          among,
        ),
      )
      .orderBy(asc(seenNs), asc(messageId))
      .limit(rowsPerStep),
  );
  return {
    messages: rows.flatMap((row) => (row.matches ? [row.messageId] : [])).toSorted(compareTexts),
    next: rows.length < rowsPerStep ? undefined : rows.at(-1),
  };
}
