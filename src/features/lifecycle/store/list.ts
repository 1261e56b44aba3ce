/**
 * Lists of lifecycles, by the time of their first event. They are by hand, because each goes along one
 * index and stops at its limit: with a million ids, most of them complete, those that are overdue are
 * found as fast as any.
 */

import { getTableColumns, type SQL, sql } from "drizzle-orm";
import type { Database } from "../../../postgres/database.ts";
import { grantedValues, isGranted } from "../../../postgres/granted.ts";
import { preparedStatement, type Read } from "../../../postgres/read.ts";
import { decoderOf } from "../../../postgres/statement.ts";
import type { Lifecycle, StoredQuery } from "../lifecycle.ts";
import { lifecycleFromRow } from "./row.ts";
import { lifecycles } from "./tables.ts";

const decode = decoderOf(getTableColumns(lifecycles));
const rows = sql.placeholder("rows");
const int64Min = (-(2n ** 63n)).toString();

type List<Query> = (query: Query, nowNs: bigint) => Promise<readonly Lifecycle[]>;

export function createLifecycleList(database: Database): List<StoredQuery> {
  return listBy(database, listQuery, valuesOf);
}

/**
 * A list by statements that `render` writes. One is rendered once for each combination of filters,
 * which are the members of the query. `kinds`: which values `complete` may have.
 */
export function listBy<Query extends StoredQuery>(
  { sql: driver, run }: Database,
  render: (query: Query, kinds: readonly boolean[]) => SQL,
  values: (query: Query, nowNs: bigint) => Readonly<Record<string, unknown>>,
): List<Query> {
  const reads = new Map<string, Read<Record<string, unknown>>>();

  function readOf(query: Query, kinds: readonly boolean[]) {
    const given = Object.entries(query).filter(([, value]) => value !== undefined);
    const key = [query.state, kinds, ...given.map(([name]) => name)].join();
    let read = reads.get(key);
    if (read === undefined) {
      read = preparedStatement(driver, render(query, kinds));
      reads.set(key, read);
    }
    return read;
  }

  return async (query, nowNs) => {
    const { state, missing } = query;
    // A lifecycle that lacks an event is not complete.
    const kinds = [true, false].filter((complete) =>
      complete
        ? missing === undefined && (state === undefined || state === "complete")
        : state !== "complete",
    );
    if (kinds.length === 0) return [];
    const rows = await run(() => readOf(query, kinds)(values(query, nowNs)));
    return rows.map((row) => lifecycleFromRow(decode(row)));
  };
}

export function valuesOf(query: StoredQuery, nowNs: bigint) {
  const { sinceNs, untilNs, after, limit, names } = query;
  return {
    ...query,
    ...(names === undefined ? {} : grantedValues(names)),
    nowNs: nowNs.toString(),
    sinceNs: sinceNs?.toString(),
    untilNs: untilNs?.toString(),
    afterNs: after?.firstNs.toString(),
    afterMessageId: after?.messageId,
    afterAppId: after?.appId,
    rows: limit + 1,
  };
}

/** Depends on which filters there are and on the state, not on the other values. */
function listQuery(query: StoredQuery, kinds: readonly boolean[]): SQL {
  const { appId, state, missing, externalId } = query;
  const where = sql`${conditions(query)} ${behindCursor(query)}`;
  if (externalId !== undefined) return listByExternalId(query, kinds, where);
  const isByApp = appId !== undefined || state === "overdue" || missing !== undefined;
  return isByApp ? listByApp(query, kinds, where) : listOverall(query, kinds, where);
}

/** The first of each app, and of those the first: an app's deadline bounds the scan of its rows. */
function listByApp(
  { appId, isNewestFirst }: StoredQuery,
  kinds: readonly boolean[],
  where: SQL,
): SQL {
  const apps =
    appId === undefined
      ? sql`lifecycle_apps a`
      : sql`(select ${sql.placeholder("appId")}::text collate "C" as app_id) as g
          left join lifecycle_apps a using (app_id)`;
  const id = appId === undefined ? sql`a.app_id` : sql`g.app_id`;
  const parts = kinds.map(
    (complete) => sql`(
      select l.* from lifecycles l
      where l.app_id = ${id} and l.complete = ${complete} ${where}
      order by ${withinApp(isNewestFirst)} limit ${rows}
    )`,
  );
  return sql`
    select l.* from ${apps} cross join lateral (${unionOf(parts)}) l
    order by ${byTime(isNewestFirst)} limit ${rows}`;
}

function listOverall({ isNewestFirst }: StoredQuery, kinds: readonly boolean[], where: SQL): SQL {
  const parts = kinds.map(
    (complete) => sql`(
      select l.* from lifecycles l left join lifecycle_apps a on a.app_id = l.app_id
      where l.complete = ${complete} ${where}
      order by ${byTime(isNewestFirst)} limit ${rows}
    )`,
  );
  return sql`
    select l.* from (${unionOf(parts)}) l
    order by ${byTime(isNewestFirst)} limit ${rows}`;
}

/** Along the index of external ids, as few messages share one. */
function listByExternalId(
  { appId, isNewestFirst }: StoredQuery,
  kinds: readonly boolean[],
  where: SQL,
): SQL {
  const [kind] = kinds;
  return sql`
    select l.* from lifecycles l left join lifecycle_apps a on a.app_id = l.app_id
    where l.external_id = ${sql.placeholder("externalId")}
      ${appId === undefined ? sql`` : sql`and l.app_id = ${sql.placeholder("appId")}`}
      ${kinds.length === 1 ? sql`and l.complete = ${kind}` : sql``} ${where}
    order by ${byTime(isNewestFirst)} limit ${rows}`;
}

/** As the index of the app is. */
function withinApp(isNewestFirst: boolean | undefined): SQL {
  const order = directionOf(isNewestFirst);
  return sql`l.first_ns ${order}, l.message_id ${order}`;
}

function byTime(isNewestFirst: boolean | undefined): SQL {
  return sql`${withinApp(isNewestFirst)}, l.app_id ${directionOf(isNewestFirst)}`;
}

function directionOf(isNewestFirst: boolean | undefined): SQL {
  return isNewestFirst === true ? sql.raw("desc") : sql.raw("asc");
}

function unionOf(parts: readonly SQL[]): SQL {
  return sql.join([...parts], sql` union all `);
}

export function conditions(query: StoredQuery): SQL {
  const { state, missing, event, sinceNs, untilNs, names } = query;
  // First events up to here are overdue.
  const due = sql`case when a.expected <> '{}'
    then ${sql.placeholder("nowNs")}::bigint - a.deadline_ms * 1000000 end`;
  return sql.join([
    names === undefined ? sql`` : sql` and ${isGranted(sql`l.app_id`)}`,
    state === "overdue" ? sql` and l.first_ns <= ${due}` : sql``,
    state === "open" ? sql` and l.first_ns > coalesce(${due}, ${int64Min}::bigint)` : sql``,
    missing === undefined
      ? sql``
      : sql` and a.expected @> array[${sql.placeholder("missing")}]::text[] and not l.events @> array[${sql.placeholder("missing")}]::text[]`,
    event === undefined ? sql`` : sql` and l.events @> array[${sql.placeholder("event")}]::text[]`,
    sinceNs === undefined ? sql`` : sql` and l.first_ns >= ${sql.placeholder("sinceNs")}::bigint`,
    untilNs === undefined ? sql`` : sql` and l.first_ns < ${sql.placeholder("untilNs")}::bigint`,
  ]);
}

function behindCursor({ after, isNewestFirst }: StoredQuery): SQL {
  if (after === undefined) return sql``;
  return sql` and (l.first_ns, l.message_id, l.app_id)
    ${isNewestFirst === true ? sql`<` : sql`>`} (${sql.placeholder("afterNs")}::bigint, ${sql.placeholder("afterMessageId")}, ${sql.placeholder("afterAppId")})`;
}
