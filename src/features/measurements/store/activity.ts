/** How active each tag is, noted with its rollups: what the lists by rate and by silence are sorted by. */

import { sql } from "drizzle-orm";
import { arrayOfNumbers } from "../../../postgres/arrays.ts";
import { type Queries, statement } from "../../../postgres/statement.ts";
import { levelNs, type Rollup } from "../series-port.ts";

/** The minute that a tag's measurements are counted in. */
export const countedNs = levelNs(2);

/** Notes buckets of level 1 that were just written, in the transaction that wrote them. */
export async function noteActivity(
  tx: Queries,
  rolled: readonly (readonly [tag: number, Rollup])[],
): Promise<void> {
  if (rolled.length === 0) return;
  // By hand: a set of rows, passed as arrays, and a count along the index for each tag. An older bucket
  // that is rolled up again changes only the newest time.
  await statement(
    tx,
    sql`
    insert into series_activity as a (tag, last_time, bucket, counted)
    select tag, last_time, bucket, (
      select coalesce(sum(r.count), 0) from series_rollups r
      where r.tag = newest.tag and r.level = 1
        and r.time > newest.bucket - ${countedNs.toString()}::bigint and r.time <= newest.bucket
    )
    from (
      select tag, max(last_time) as last_time, max(bucket) as bucket
      from unnest(
        ${arrayOfNumbers(rolled.map(([tag]) => tag))}::int[],
        ${arrayOfNumbers(rolled.map(([, { startNs }]) => startNs))}::bigint[],
        ${arrayOfNumbers(rolled.map(([, { last }]) => last.timeNs))}::bigint[]
      ) as d (tag, bucket, last_time)
      group by tag
    ) newest
    on conflict (tag) do update set
      last_time = greatest(a.last_time, excluded.last_time),
      bucket = greatest(a.bucket, excluded.bucket),
      counted = case when excluded.bucket >= a.bucket then excluded.counted else a.counted end`,
  );
}
