/** Numbers of an app's lifecycles: by state, and by minute with the stages that they lack. */

import { sql } from "drizzle-orm";
import type { Database } from "../../../postgres/database.ts";
import { list, statement } from "../../../postgres/statement.ts";
import {
  type LifecycleStore,
  type MinuteCounts,
  type StateCounts,
  statesCountedMax,
  type TimeSpan,
} from "../lifecycle.ts";

/** The beginning of the minute, also of one before 1970. */
const minute = sql.raw("first_ns - ((first_ns % 60000000000) + 60000000000) % 60000000000");

type CountStore = Pick<LifecycleStore, "states" | "missingByMinute">;

export function createLifecycleCounts(database: Database): CountStore {
  return {
    states: (appId, nowNs) => statesOf(database, appId, nowNs),
    missingByMinute: (appId, stages, span) => missingOf(database, appId, stages, span),
  };
}

async function statesOf({ db, run }: Database, appId: string, nowNs: bigint): Promise<StateCounts> {
  const counted = (condition: ReturnType<typeof sql>) => sql`(
    select count(*)::int from (
      select 1 from lifecycles l where l.app_id = ${appId} and ${condition}
      limit ${statesCountedMax}
    ) s)`;
  // By hand: each number is a bounded walk along the index of the app.
  const [row] = await run(() =>
    statement<StateCounts>(
      db,
      sql`
        with due as (
          select coalesce((
            select ${nowNs.toString()}::bigint - a.deadline_ms * 1000000 from lifecycle_apps a
            where a.app_id = ${appId} and a.expected <> '{}'
          ), ${(-(2n ** 63n)).toString()}::bigint) as ns
        )
        select
          ${counted(sql`l.complete`)} as complete,
          ${counted(sql`not l.complete and l.first_ns <= (select ns from due)`)} as overdue,
          ${counted(sql`not l.complete and l.first_ns > (select ns from due)`)} as open`,
    ),
  );
  return { complete: row?.complete ?? 0, open: row?.open ?? 0, overdue: row?.overdue ?? 0 };
}

async function missingOf(
  { db, run }: Database,
  appId: string,
  stages: readonly string[],
  { fromNs, toNs }: TimeSpan,
): Promise<readonly MinuteCounts[]> {
  const lacking = stages.map(
    (stage, i) =>
      sql`count(*) filter (where not events @> array[${stage}]::text[])::int as ${sql.identifier(`lacking_${i}`)}`,
  );
  // By hand: its columns depend on the stages, and one scan computes them all.
  const rows = await run(() =>
    statement<Record<string, unknown>>(
      db,
      sql`
        select (${minute})::text as minute, ${list([sql`count(*)::int as n`, ...lacking])}
        from lifecycles
        where app_id = ${appId} and complete in (true, false)
          and first_ns >= ${fromNs.toString()}::bigint and first_ns < ${toNs.toString()}::bigint
        group by ${minute} order by ${minute} desc`,
    ),
  );
  return rows.map((row) => ({
    minuteNs: BigInt(String(row["minute"])),
    lifecycles: Number(row["n"]),
    missing: stages.map((_, i) => Number(row[`lacking_${i}`])),
  }));
}
