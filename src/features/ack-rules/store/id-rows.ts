/** Ids of ack rules as rows. */

import { and, eq } from "drizzle-orm";
import type { Database } from "../../../postgres/database.ts";
import { isAnyOf } from "../../../postgres/statement.ts";
import { type AckId, ackIdStates, type KeptRule, type UnsettledId } from "../rule.ts";
import { ackIds } from "./tables.ts";

export async function findAckIds(
  { db, run }: Database,
  rule: KeptRule,
  ids: readonly string[],
): Promise<readonly AckId[]> {
  const rows = await run(() =>
    db
      .select()
      .from(ackIds)
      .where(and(eq(ackIds.rule, rule.number), isAnyOf(ackIds.id, ids))),
  );
  return rows.map((row) => ackIdFromRow(row, rule));
}

export function ackIdFromRow(
  { id, state, seen, nextMs, overdueMs }: typeof ackIds.$inferSelect,
  { slots }: Pick<KeptRule, "slots">,
): AckId {
  return {
    id,
    state: ackIdStates[state] ?? "open",
    seen: slots.map((slot) => seen[slot]),
    nextMs,
    overdueMs: overdueMs ?? undefined,
  };
}

export function unsettledIdFromRow(
  row: typeof ackIds.$inferSelect,
  rule: Pick<KeptRule, "slots">,
): UnsettledId {
  const last = row.seen.reduce((max, ns) => ((ns ?? 0n) > (max ?? 0n) ? ns : max), undefined);
  return {
    ...ackIdFromRow(row, rule),
    lastMs: last === undefined ? undefined : Number(last / 1_000_000n),
    isStale: row.seen.some((ns, slot) => ns !== undefined && !rule.slots.includes(slot)),
  };
}

/** The sightings of an id by slot. */
export function seenToRow(
  seen: AckId["seen"],
  { slots }: Pick<KeptRule, "slots">,
): (bigint | undefined)[] {
  const row: (bigint | undefined)[] = Array.from({ length: Math.max(...slots) + 1 });
  for (const [place, slot] of slots.entries()) row[slot] = seen[place];
  return row;
}
