/** The rollups of a series, and the buckets whose rollup is out of date. */

import { type SQL, sql } from "drizzle-orm";
import { arrayOfNumbers } from "../../../postgres/arrays.ts";
import { list, type Queries, statement } from "../../../postgres/statement.ts";
import { dirtyBucketNs } from "../measurement.ts";
import {
  type Level,
  levelNs,
  levels,
  type Rollup,
  type RollupParts,
  type Span,
  type Unrolled,
} from "../series-port.ts";
import { decodeRollup, rollupFromRow } from "./rollup-row.ts";

const pageRollups = 5000n;

export async function unrolledOf(
  tx: Queries,
  id: number,
  { fromNs, toNs }: Span,
): Promise<Unrolled> {
  // By hand: a union along two indexes, in the answer of most queries.
  const rows = await statement<{ level: number; time: string }>(
    tx,
    sql`
      select 1 as level, bucket * ${dirtyBucketNs.toString()}::bigint as time from series_dirty
      where tag = ${id} and bucket between ${(fromNs / dirtyBucketNs - 1n).toString()}::bigint
        and ${(toNs / dirtyBucketNs).toString()}::bigint
      union
      select level, time from series_due
      where tag = ${id} and time + ${levelNs(3).toString()}::bigint > ${fromNs.toString()}::bigint
        and time < ${toNs.toString()}::bigint
      order by time`,
  );
  const found: Record<Level, bigint[]> = { 1: [], 2: [], 3: [] };
  for (const row of rows) {
    const level = levels.find((each) => each === row.level);
    if (level !== undefined) found[level].push(BigInt(row.time));
  }
  return found;
}

interface RollupQuery {
  readonly level: Level;
  readonly spans: readonly Span[];
  readonly parts: RollupParts;
}

export async function* rollupsOf(
  tx: Queries,
  id: number,
  { level, spans, parts }: RollupQuery,
): AsyncGenerator<readonly Rollup[], void, undefined> {
  for (const some of inSteps(spans, pageRollups * levelNs(level))) {
    // By hand: "offset 0" makes it a scan of the index for each span, where the planner would compare
    // all rollups with all spans.
    const rows = await statement<Record<string, unknown>>(
      tx,
      sql`
        select r.* from unnest(
          ${arrayOfNumbers(some.map(({ fromNs }) => fromNs))}::bigint[],
          ${arrayOfNumbers(some.map(({ toNs }) => toNs))}::bigint[]
        ) as span (from_ns, to_ns)
        cross join lateral (
          select time, count, first_time, first_vals, last_time, last_vals, ${list(statisticColumns(parts))}
          from series_rollups
          where tag = ${id} and level = ${level} and time >= from_ns and time < to_ns
          offset 0
        ) r
        order by r.time`,
    );
    yield rows.map((row) => rollupFromRow(decodeRollup(row), level));
  }
}

/** Spans in groups of at most `widthNs` together; a longer one is divided. */
function* inSteps(spans: readonly Span[], widthNs: bigint): Generator<Span[], void, undefined> {
  let group: Span[] = [];
  let left = widthNs;
  for (const { fromNs, toNs } of spans) {
    for (let from = fromNs; from < toNs;) {
      const to = toNs - from <= left ? toNs : from + left;
      group.push({ fromNs: from, toNs: to });
      left -= to - from;
      from = to;
      if (left > 0n) continue;
      yield group;
      group = [];
      left = widthNs;
    }
  }
  if (group.length > 0) yield group;
}

const statistics = [
  "mins",
  "maxs",
  "min_at",
  "max_at",
  "means",
  "twas",
  "counts",
  "helds",
] as const;

const statisticsOf = {
  count: [],
  range: ["mins", "maxs"],
  mean: ["means", "counts"],
  twa: ["twas", "helds"],
  plot: ["mins", "maxs", "min_at", "max_at"],
  band: ["mins", "maxs", "means", "twas", "counts", "helds"],
  all: statistics,
} as const satisfies Record<RollupParts, readonly (typeof statistics)[number][]>;

/** Statistics that a query does not need are not read. */
function statisticColumns(parts: RollupParts): SQL[] {
  const needed = new Set<string>(statisticsOf[parts]);
  return statistics.map((name) =>
    needed.has(name) ? sql`${sql.identifier(name)}` : sql`null::bytea as ${sql.identifier(name)}`,
  );
}
