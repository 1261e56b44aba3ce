/** Ids of ack rules as rows. */

import { and, eq } from "drizzle-orm";
import type { Database } from "../../../postgres/database.ts";
import { isAnyOf } from "../../../postgres/statement.ts";
import { type AckId, ackIdStates } from "../rule.ts";
import { ackIds } from "./tables.ts";

export async function findAckIds(
  { db, run }: Database,
  rule: number,
  ids: readonly string[],
): Promise<readonly AckId[]> {
  const rows = await run(() =>
    db
      .select()
      .from(ackIds)
      .where(and(eq(ackIds.rule, rule), isAnyOf(ackIds.id, ids))),
  );
  return rows.map(ackIdFromRow);
}

export function ackIdFromRow({
  id,
  state,
  seen,
  nextMs,
  overdueMs,
}: typeof ackIds.$inferSelect): AckId {
  return {
    id,
    state: ackIdStates[state] ?? "open",
    seen,
    nextMs,
    overdueMs: overdueMs ?? undefined,
  };
}
