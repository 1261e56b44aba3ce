/** A row of `lifecycles` as a lifecycle. */

import type { Lifecycle } from "../lifecycle.ts";
import type { lifecycles } from "./tables.ts";

export function lifecycleFromRow(row: typeof lifecycles.$inferSelect): Lifecycle {
  const { appId, messageId, events, firsts, lasts, counts, receivedFirsts, receivedLasts } = row;
  return {
    appId,
    messageId,
    events: events.map((event, i) => ({
      event,
      firstNs: firsts[i] ?? 0n,
      lastNs: lasts[i] ?? 0n,
      receivedFirstNs: receivedFirsts?.[i],
      receivedLastNs: receivedLasts?.[i],
      count: Number(counts[i]),
    })),
    total: row.total,
    firstNs: row.firstNs,
    lastNs: row.lastNs,
    externalId: row.externalId ?? undefined,
    seenNs: row.seenNs,
    touchedNs: row.touchedNs,
  };
}
