/**
 * Lists of lifecycles, by the time of their first event. Each goes along one index and stops at its
 * limit: with a million ids most of which are complete, those overdue are found as fast as any.
 */
import type { PendingQuery, Row } from "postgres";
import type { Lifecycle, LifecycleQuery } from "../lifecycle.ts";
import type { Database } from "../../../postgres/database.ts";
import { lifecycleColumns, lifecycleFromRow, type LifecycleRow } from "./row.ts";

const int64Min = (-(2n ** 63n)).toString();

export async function listLifecycles(
  { sql, run }: Database,
  query: LifecycleQuery,
  nowNs: bigint,
): Promise<readonly Lifecycle[]> {
  const { appId, state, missing } = query;
  const most = query.limit + 1;
  // What is missing was not seen, so such a one is not complete.
  const kinds = [true, false].filter((complete) =>
    complete
      ? missing === undefined && (state === undefined || state === "complete")
      : state !== "complete",
  );
  if (kinds.length === 0) return [];
  const isByApp = appId !== undefined || state === "overdue" || missing !== undefined;
  const rows = await run(() => (isByApp ? byApp() : overall()));
  return rows.map(lifecycleFromRow);

  /** Each app's own, and of those the first. */
  function byApp() {
    const apps =
      appId === undefined
        ? sql`lifecycle_apps a`
        : sql`(select ${appId}::text collate "C" as app_id) as g left join lifecycle_apps a using (app_id)`;
    const id = appId === undefined ? sql`a.app_id` : sql`g.app_id`;
    const parts = kinds.map(
      (complete) => sql`(
        select l.* from lifecycles l
        where l.app_id = ${id} and l.complete = ${complete} ${conditions()}
        order by l.first_ns, l.message_id limit ${most}
      )`,
    );
    return sql<LifecycleRow[]>`
      select ${lifecycleColumns(sql)} from ${apps} cross join lateral (${unionOf(parts)}) l
      order by l.first_ns, l.message_id, l.app_id limit ${most}`;
  }

  function overall() {
    const parts = kinds.map(
      (complete) => sql`(
        select l.* from lifecycles l left join lifecycle_apps a on a.app_id = l.app_id
        where l.complete = ${complete} ${conditions()}
        order by l.first_ns, l.message_id, l.app_id limit ${most}
      )`,
    );
    return sql<LifecycleRow[]>`
      select ${lifecycleColumns(sql)} from (${unionOf(parts)}) l
      order by l.first_ns, l.message_id, l.app_id limit ${most}`;
  }

  function unionOf(parts: readonly PendingQuery<Row[]>[]) {
    return parts.flatMap((part, i) => (i === 0 ? [part] : [sql`union all`, part]));
  }

  function conditions() {
    const { event, sinceNs, untilNs, after } = query;
    // First events up to here are overdue.
    const due = sql`case when a.expected <> '{}'
      then ${nowNs.toString()}::bigint - a.deadline_ms * 1000000 end`;
    return [
      state === "overdue" ? sql`and l.first_ns <= ${due}` : sql``,
      state === "open" ? sql`and l.first_ns > coalesce(${due}, ${int64Min}::bigint)` : sql``,
      missing === undefined
        ? sql``
        : sql`and a.expected @> array[${missing}]::text[] and not l.events @> array[${missing}]::text[]`,
      event === undefined ? sql`` : sql`and l.events @> array[${event}]::text[]`,
      sinceNs === undefined ? sql`` : sql`and l.first_ns >= ${sinceNs.toString()}::bigint`,
      untilNs === undefined ? sql`` : sql`and l.first_ns < ${untilNs.toString()}::bigint`,
      after === undefined
        ? sql``
        : sql`and (l.first_ns, l.message_id, l.app_id)
            > (${after.firstNs.toString()}::bigint, ${after.messageId}, ${after.appId})`,
    ];
  }
}
