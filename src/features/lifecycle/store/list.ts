/**
 * Lists of lifecycles, by the time of their first event. They are by hand, because each goes along one
 * index and stops at its limit: with a million ids, most of them complete, those that are overdue are
 * found as fast as any.
 */

import { getTableColumns, type SQL, sql } from "drizzle-orm";
import type { Database } from "../../../postgres/database.ts";
import { decoderOf, statement } from "../../../postgres/statement.ts";
import type { Lifecycle, LifecycleQuery } from "../lifecycle.ts";
import { lifecycleFromRow } from "./row.ts";
import { lifecycles } from "./tables.ts";

const decode = decoderOf(getTableColumns(lifecycles));
const int64Min = (-(2n ** 63n)).toString();

export async function listLifecycles(
  { db, run }: Database,
  query: LifecycleQuery,
  nowNs: bigint,
): Promise<readonly Lifecycle[]> {
  const { appId, state, missing } = query;
  // A lifecycle that lacks an event is not complete.
  const kinds = [true, false].filter((complete) =>
    complete
      ? missing === undefined && (state === undefined || state === "complete")
      : state !== "complete",
  );
  if (kinds.length === 0) return [];
  const isByApp = appId !== undefined || state === "overdue" || missing !== undefined;
  const where = conditions(query, nowNs);
  const text = isByApp ? listByApp(query, kinds, where) : listOverall(query, kinds, where);
  const rows = await run(() => statement<Record<string, unknown>>(db, text));
  return rows.map((row) => lifecycleFromRow(decode(row)));
}

/** The first of each app, and of those the first: an app's deadline bounds the scan of its rows. */
function listByApp({ appId, limit }: LifecycleQuery, kinds: readonly boolean[], where: SQL): SQL {
  const apps =
    appId === undefined
      ? sql`lifecycle_apps a`
      : sql`(select ${appId}::text collate "C" as app_id) as g
          left join lifecycle_apps a using (app_id)`;
  const id = appId === undefined ? sql`a.app_id` : sql`g.app_id`;
  const parts = kinds.map(
    (complete) => sql`(
      select l.* from lifecycles l
      where l.app_id = ${id} and l.complete = ${complete} ${where}
      order by l.first_ns, l.message_id limit ${limit + 1}
    )`,
  );
  return sql`
    select l.* from ${apps} cross join lateral (${unionOf(parts)}) l
    order by l.first_ns, l.message_id, l.app_id limit ${limit + 1}`;
}

function listOverall({ limit }: LifecycleQuery, kinds: readonly boolean[], where: SQL): SQL {
  const parts = kinds.map(
    (complete) => sql`(
      select l.* from lifecycles l left join lifecycle_apps a on a.app_id = l.app_id
      where l.complete = ${complete} ${where}
      order by l.first_ns, l.message_id, l.app_id limit ${limit + 1}
    )`,
  );
  return sql`
    select l.* from (${unionOf(parts)}) l
    order by l.first_ns, l.message_id, l.app_id limit ${limit + 1}`;
}

function unionOf(parts: readonly SQL[]): SQL {
  return sql.join([...parts], sql` union all `);
}

function conditions(query: LifecycleQuery, nowNs: bigint): SQL {
  const { state, missing, event, sinceNs, untilNs, after } = query;
  // First events up to here are overdue.
  const due = sql`case when a.expected <> '{}'
    then ${nowNs.toString()}::bigint - a.deadline_ms * 1000000 end`;
  return sql.join([
    state === "overdue" ? sql` and l.first_ns <= ${due}` : sql``,
    state === "open" ? sql` and l.first_ns > coalesce(${due}, ${int64Min}::bigint)` : sql``,
    missing === undefined
      ? sql``
      : sql` and a.expected @> array[${missing}]::text[] and not l.events @> array[${missing}]::text[]`,
    event === undefined ? sql`` : sql` and l.events @> array[${event}]::text[]`,
    sinceNs === undefined ? sql`` : sql` and l.first_ns >= ${sinceNs.toString()}::bigint`,
    untilNs === undefined ? sql`` : sql` and l.first_ns < ${untilNs.toString()}::bigint`,
    after === undefined
      ? sql``
      : sql` and (l.first_ns, l.message_id, l.app_id)
          > (${after.firstNs.toString()}::bigint, ${after.messageId}, ${after.appId})`,
  ]);
}
