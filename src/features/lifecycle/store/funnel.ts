/**
 * How many of an app's lifecycles have reached each of some stages, and how long they took. Of a bounded
 * number: the newest ones, which are found along the index of the app.
 */

import { sql } from "drizzle-orm";
import type { Database } from "../../../postgres/database.ts";
import { list, statement } from "../../../postgres/statement.ts";
import type { Funnel, LifecycleStore } from "../lifecycle.ts";

export type FunnelQuery = Parameters<LifecycleStore["funnel"]>[0];

export async function funnelOf({ db, run }: Database, query: FunnelQuery): Promise<Funnel> {
  const { appId, stages, sinceNs, untilNs, max } = query;
  const firsts = stages.map(
    (stage, i) => sql`firsts[array_position(events, ${stage})] as ${sql.identifier(`at_${i}`)},
      counts[array_position(events, ${stage})] as ${sql.identifier(`count_${i}`)}`,
  );
  const results = stages.map((_, i) => {
    const [at, before] = [sql.identifier(`at_${i}`), sql.identifier(`at_${i - 1}`)];
    const reached = sql`count(${at})::text as ${sql.identifier(`reached_${i}`)},
      coalesce(sum(${sql.identifier(`count_${i}`)} - 1), 0)::text as ${sql.identifier(`repeats_${i}`)}`;
    if (i === 0) return reached;
    return sql`${reached}, to_json(percentile_cont(array[0.5, 0.9, 0.99])
      within group (order by (${at} - ${before}) / 1e6))::text as ${sql.identifier(`delays_${i}`)}`;
  });
  // The index has them by whether they are complete: the newest of each kind, and of those the newest.
  const ofSpan = sql`
    ${sinceNs === undefined ? sql`` : sql`and first_ns >= ${sinceNs.toString()}::bigint`}
    ${untilNs === undefined ? sql`` : sql`and first_ns < ${untilNs.toString()}::bigint`}`;
  const newest = (complete: boolean) => sql`(
    select first_ns, message_id, events, firsts, counts from lifecycles
    where app_id = ${appId} and complete = ${complete} ${ofSpan}
    order by first_ns desc, message_id desc limit ${max})`;
  // By hand: its columns depend on the stages, and one scan computes them all.
  const [row] = await run(() =>
    statement<Record<string, unknown>>(
      db,
      sql`
        select count(*)::text as lifecycles, ${list(results)},
          count(*) = ${max}::int and (
            select count(*) from (
              select from lifecycles
              where app_id = ${appId} and complete in (true, false) ${ofSpan} limit ${max + 1}
            ) c) > ${max}::int as more
        from (
          select ${list(firsts)} from (${newest(true)} union all ${newest(false)}) l
          order by first_ns desc, message_id desc limit ${max}
        ) s`,
    ),
  );
  return {
    lifecycles: Number(row?.["lifecycles"]),
    more: row?.["more"] === true,
    stages: stages.map((event, i) => ({
      event,
      reached: Number(row?.[`reached_${i}`]),
      repeats: Number(row?.[`repeats_${i}`]),
      delayMs: percentiles(row?.[`delays_${i}`]),
    })),
  };
}

/** Null where no id has both stages. */
function percentiles(json: unknown) {
  const delays: unknown = typeof json === "string" ? JSON.parse(json) : undefined;
  if (!Array.isArray(delays)) return undefined;
  const [p50, p90, p99] = delays.map((ms) => Math.round(Number(ms) * 1000) / 1000);
  return { p50: p50 ?? 0, p90: p90 ?? 0, p99: p99 ?? 0 };
}
