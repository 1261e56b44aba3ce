/** Series as readers use them: samples, one state for aggregates, pages for exports, the list. */
import type { Sql, TransactionSql } from "postgres";
import { errorCode } from "../../../postgres/error.ts";
import {
  levelNs,
  levels,
  type Level,
  type SeriesPoint,
  type Rollup,
  type RollupParts,
  type SeriesSnapshot,
  type SeriesStore,
  type Span,
  type StoredSeries,
  type Unrolled,
} from "../series-port.ts";
import { dirtyBucketNs } from "../measurement.ts";
import type { Database } from "../../../postgres/database.ts";
import { hourNs, hourOf } from "./partitions.ts";
import { rollupFromRow, type RollupRow } from "./rollup-row.ts";
import { arrayOfNumbers } from "../../../postgres/arrays.ts";
import { asOfPoints, createReaches, lastPoint } from "./as-of.ts";
import { unpackPoints } from "./packed.ts";
import { planOf, type HourTables, type SeriesPlan } from "./partition-list.ts";

/** 10,000 points of ten values are 1 MB. */
const pagePoints = 10_000;
const pageRollups = 5000n;
/** An hour may be dropped between finding its partition and reading it: then once more. */
const attempts = 3;
const undefinedTable = "42P01";

export function createSeriesStore({ sql, run }: Database): SeriesStore {
  const reaches = createReaches();
  return {
    asOf: (tag, instants) =>
      run(() =>
        again(async () => {
          const plan = await planOf(sql, tag);
          return plan && (await asOfPoints(sql, plan, instants, reaches));
        }),
      ),

    snapshot: (tag, use) =>
      run(() =>
        again(async () => {
          // The driver would take an answer that is an array for several.
          let answer: Awaited<ReturnType<typeof use>> | undefined;
          await sql.begin("isolation level repeatable read read only", async (tx) => {
            const plan = await planOf(tx, tag);
            if (plan !== undefined) answer = await use(snapshotOf(tx, plan));
          });
          return answer;
        }),
      ),

    async *pages(tag, span, signal) {
      const plan = await run(() => planOf(sql, tag));
      if (plan === undefined) return;
      const { id } = plan;
      for (const part of partsOf(plan.tables, span)) {
        yield* pagesOf((from) => readPage(part, from), part, signal);
      }

      function readPage({ table, toNs }: HourPart, fromNs: bigint): Promise<SeriesPoint[]> {
        // What retention has dropped meanwhile is not there any more.
        const page = () => pageOf(sql, id, { table, fromNs, toNs });
        return run(() =>
          page().catch((error: unknown) => {
            if (errorCode(error) === undefinedTable) return [];
            throw error;
          }),
        );
      }
    },

    async list({ prefix, after, limit, rateSpan }) {
      const rows = await run(
        () => sql<ListRow[]>`
          select t.tag, m.time, m.vals, coalesce(r.counted, 0) as counted
          from (
            select id, tag from series_tags
            where tag > ${after} and tag >= ${prefix} and starts_with(tag, ${prefix})
            order by tag limit ${limit}
          ) t
          left join lateral (
            select time, vals from measurements where tag = t.id order by time desc limit 1
          ) m on true
          left join lateral (
            select sum(count) as counted from series_rollups
            where tag = t.id and level = 1
              and time >= ${rateSpan.fromNs.toString()}::bigint
              and time < ${rateSpan.toNs.toString()}::bigint
          ) r on true
          order by t.tag`,
      );
      return rows.map(seriesFromRow);
    },
  };

  function snapshotOf(tx: TransactionSql, plan: SeriesPlan): SeriesSnapshot {
    const { id, tables } = plan;
    const hours = [...tables.keys()];
    return {
      kept: { fromNs: (hours[0] ?? 0n) * hourNs, toNs: ((hours.at(-1) ?? -1n) + 1n) * hourNs },
      unrolled: (span) => unrolledOf(tx, id, span),
      rollups: (level, spans, parts) => rollupsOf(tx, id, { level, spans, parts }),
      async *points(span) {
        for (const part of partsOf(tables, span)) {
          yield* pagesOf((fromNs) => pageOf(tx, id, { ...part, fromNs }), part);
        }
      },
      lastBefore: (ns) =>
        lastPoint(
          tx,
          plan,
          hours.filter((hour) => hour <= hourOf(ns)),
          ns,
        ),
    };
  }
}

async function again<T>(read: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await read();
    } catch (error) {
      if (attempt === attempts || errorCode(error) !== undefinedTable) throw error;
    }
  }
}

/** A span within one partition. */
interface HourPart extends Span {
  readonly table: string;
}

function partsOf(tables: HourTables, { fromNs, toNs }: Span): HourPart[] {
  return [...tables].flatMap(([hour, table]) => {
    const start = hour * hourNs;
    const from = fromNs > start ? fromNs : start;
    const to = toNs < start + hourNs ? toNs : start + hourNs;
    return from < to ? [{ table, fromNs: from, toNs: to }] : [];
  });
}

async function* pagesOf(
  read: (fromNs: bigint) => Promise<SeriesPoint[]>,
  { fromNs }: Span,
  signal?: AbortSignal,
): AsyncGenerator<readonly SeriesPoint[], void, undefined> {
  let from = fromNs;
  while (signal?.aborted !== true) {
    const page = await read(from);
    const last = page.at(-1);
    if (last !== undefined) {
      yield page;
      from = last.timeNs + 1n;
    }
    if (page.length < pagePoints) return;
  }
}

async function pageOf(
  sql: Sql | TransactionSql,
  id: number,
  { table, fromNs, toNs }: HourPart,
): Promise<SeriesPoint[]> {
  const [row] = await sql<{ packed: Uint8Array | null }[]>`
    select string_agg(
      int8send(time) || int2send((octet_length(vals) / 8)::smallint) || vals, '' order by time
    ) as packed
    from (
      select time, vals from ${sql(table)}
      where tag = ${id} and time >= ${fromNs.toString()}::bigint and time < ${toNs.toString()}::bigint
      order by time limit ${pagePoints}
    ) page`;
  return unpackPoints(row?.packed);
}

async function unrolledOf(
  tx: TransactionSql,
  id: number,
  { fromNs, toNs }: Span,
): Promise<Unrolled> {
  const rows = await tx<{ level: number; time: string }[]>`
    select 1 as level, bucket * ${dirtyBucketNs.toString()}::bigint as time from series_dirty
    where tag = ${id} and bucket between ${(fromNs / dirtyBucketNs - 1n).toString()}::bigint
      and ${(toNs / dirtyBucketNs).toString()}::bigint
    union
    select level, time from series_due
    where tag = ${id} and time + ${levelNs(3).toString()}::bigint > ${fromNs.toString()}::bigint
      and time < ${toNs.toString()}::bigint
    order by time`;
  const found: Record<Level, bigint[]> = { 1: [], 2: [], 3: [] };
  for (const row of rows) {
    const level = levels.find((each) => each === row.level);
    if (level !== undefined) found[level].push(BigInt(row.time));
  }
  return found;
}

async function* rollupsOf(
  tx: TransactionSql,
  id: number,
  { level, spans, parts }: RollupQuery,
): AsyncGenerator<readonly Rollup[], void, undefined> {
  for (const some of inSteps(spans, pageRollups * levelNs(level))) {
    // "offset 0": a scan of the index for each span, where the planner would compare all with all.
    const rows = await tx<RollupRow[]>`
      select r.* from unnest(
        ${arrayOfNumbers(some.map(({ fromNs }) => fromNs))}::bigint[],
        ${arrayOfNumbers(some.map(({ toNs }) => toNs))}::bigint[]
      ) as span (from_ns, to_ns)
      cross join lateral (
        select time, count, first_time, first_vals, last_time, last_vals, ${columnsOf(tx, parts)}
        from series_rollups
        where tag = ${id} and level = ${level} and time >= from_ns and time < to_ns
        offset 0
      ) r
      order by r.time`;
    yield rows.map((row) => rollupFromRow(row, level));
  }
}

interface RollupQuery {
  readonly level: Level;
  readonly spans: readonly Span[];
  readonly parts: RollupParts;
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
  all: statistics,
} as const satisfies Record<RollupParts, readonly (typeof statistics)[number][]>;

/** What is not wanted is not sent. */
function columnsOf(tx: TransactionSql, parts: RollupParts) {
  const wanted = new Set<string>(statisticsOf[parts]);
  return statistics.map((name, i) => {
    const column = wanted.has(name) ? tx`${tx(name)}` : tx`null::bytea as ${tx(name)}`;
    return i === 0 ? column : tx`, ${column}`;
  });
}

interface ListRow {
  readonly tag: string;
  readonly time: string | null;
  readonly vals: Uint8Array | null;
  readonly counted: string;
}

function seriesFromRow({ tag, time, vals, counted }: ListRow): StoredSeries {
  const last = time === null || vals === null ? undefined : { timeNs: BigInt(time), values: vals };
  return { tag, last, counted: Number(counted) };
}
