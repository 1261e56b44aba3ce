/** Lists of series, and what visible ones have done lately. */

import { and, asc, desc, eq, gt, gte, lt, type SQL, sql, sum } from "drizzle-orm";
import { arrayOfTexts } from "../../../postgres/arrays.ts";
import type { Database } from "../../../postgres/database.ts";
import { grantedValues, isGranted } from "../../../postgres/granted.ts";
import { plannedRead, preparedRead, preparedStatement } from "../../../postgres/read.ts";
import { fixedLimit } from "../../../postgres/statement.ts";
import {
  levelNs,
  type RecentQuery,
  type RecentSeries,
  type SeriesListQuery,
  type SeriesOrder,
  type StoredSeries,
} from "../series-port.ts";
import { measurements, seriesActivity, seriesRollups, seriesTags } from "./tables.ts";

export function createListReads(database: Database) {
  const reads = {
    tag: listRead(database, "tag"),
    rate: listRead(database, "rate"),
    silent: listRead(database, "silent"),
  } as const satisfies Record<SeriesOrder, unknown>;
  const recent = recentRead(database);
  return {
    async list(query: SeriesListQuery): Promise<readonly StoredSeries[]> {
      const { prefix, part, sort, after, limit, names, rateSpan } = query;
      const rows = await reads[sort]({
        ...{ prefix, part, limit, after: after.tag, afterRank: String(after.rank) },
        ...grantedValues(names),
        ...{ fromNs: String(rateSpan.fromNs), toNs: String(rateSpan.toNs) },
      });
      return rows.map(({ tag, rank, time, vals, counted }) => {
        const last = time === null || vals === null ? undefined : { timeNs: time, values: vals };
        return { tag, rank, last, counted: counted ?? 0 };
      });
    },

    async recent({ tags, span, newest }: RecentQuery): Promise<readonly RecentSeries[]> {
      const rows = await recent({
        ...{ tags: arrayOfTexts(tags), newest },
        ...{ fromNs: String(span.fromNs), toNs: String(span.toNs) },
      });
      return rows.map(({ tag, time, vals, counts, times }) => ({
        tag,
        last: time === null || vals === null ? undefined : { timeNs: BigInt(time), values: vals },
        counts: countsFrom(counts),
        times: timesFrom(times),
      }));
    },
  };
}

function listRead({ db, sql: driver }: Database, sort: SeriesOrder) {
  const prefix = sql.placeholder("prefix");
  const part = sql.placeholder("part");
  const rank = ranks[sort].mapWith(BigInt);
  const afterRank = sql`${sql.placeholder("afterRank")}::bigint`;
  const after = sql.placeholder("after");
  const selected = db
    .select({ id: seriesTags.id, tag: seriesTags.tag, rank: rank.as("rank") })
    .from(seriesTags);
  const joined =
    sort === "tag"
      ? selected
      : selected.leftJoin(seriesActivity, eq(seriesActivity.tag, seriesTags.id));
  const tags = joined
    .where(
      and(
        sort === "tag"
          ? gt(seriesTags.tag, after)
          : sql`(${rank}, ${seriesTags.tag}) > (${afterRank}, ${after}::text)`,
        gte(seriesTags.tag, prefix),
        sql`starts_with(${seriesTags.tag}, ${prefix})`,
        // In the order of bytes `lower` knows ASCII only, as `foldCase` does.
        sql`(${part}::text = '' or strpos(lower(${seriesTags.tag}), ${part}::text) > 0)`,
        isGranted(seriesTags.tag),
      ),
    )
    .orderBy(...(sort === "tag" ? [] : [rank]), asc(seriesTags.tag))
    .limit(sql.placeholder("limit"))
    .as("tags");
  const last = db
    .select({ time: measurements.time, vals: measurements.vals })
    .from(measurements)
    .where(eq(measurements.tag, tags.id))
    .orderBy(desc(measurements.time))
    .limit(fixedLimit(1))
    .as("last");
  const rate = db
    .select({ counted: sum(seriesRollups.count).mapWith(Number).as("counted") })
    .from(seriesRollups)
    .where(
      and(
        eq(seriesRollups.tag, tags.id),
        sql`${seriesRollups.level} = 1`,
        gte(seriesRollups.time, sql.placeholder("fromNs")),
        lt(seriesRollups.time, sql.placeholder("toNs")),
      ),
    )
    .as("rate");
  const read = sort === "tag" ? preparedRead : plannedRead;
  return read(
    driver,
    db
      .select({
        ...{ tag: tags.tag, rank: tags.rank },
        ...{ time: last.time, vals: last.vals, counted: rate.counted },
      })
      .from(tags)
      .leftJoinLateral(last, sql`true`)
      .leftJoinLateral(rate, sql`true`)
      .orderBy(asc(tags.rank), asc(tags.tag)),
  );
}

/** Lists are in the order of these, rising, and then of their tags. */
const ranks: Readonly<Record<SeriesOrder, SQL>> = {
  tag: sql`0::bigint`,
  rate: sql`case when ${seriesActivity.bucket} >= ${sql.placeholder("fromNs")}::bigint then -${seriesActivity.counted} else 0 end`,
  // What has not been rolled up yet came a moment ago.
  silent: sql`coalesce(${seriesActivity.lastTime}, 9223372036854775807)`,
};

interface RecentRow {
  readonly tag: string;
  readonly time: string | null;
  readonly vals: Uint8Array | null;
  /** `<bucket>:<count>`, separated by commas. */
  readonly counts: string | null;
  /** int64, big-endian, the newest first. */
  readonly times: Uint8Array | null;
}

function recentRead({ sql: driver }: Database) {
  const from = sql`${sql.placeholder("fromNs")}::bigint`;
  const to = sql`${sql.placeholder("toNs")}::bigint`;
  // By hand: lists as one value of a result, because a row costs the driver more than its content.
  return preparedStatement<RecentRow>(
    driver,
    sql`
    select t.tag, last.time, last.vals, counted.counts, newest.times
    from series_tags t
    left join lateral (
      select m.time, m.vals from measurements m where m.tag = t.id order by m.time desc limit 1
    ) last on true
    left join lateral (
      select string_agg((r.time - ${from}) / ${levelNs(1).toString()}::bigint || ':' || r.count, ',') as counts
      from series_rollups r
      where r.tag = t.id and r.level = 1 and r.time >= ${from} and r.time < ${to}
    ) counted on true
    left join lateral (
      select string_agg(int8send(n.time), '' order by n.time desc) as times
      from (
        select m.time from measurements m where m.tag = t.id order by m.time desc
        limit ${sql.placeholder("newest")}::int
      ) n
    ) newest on true
    where t.tag = any(${sql.placeholder("tags")}::text[])`,
  );
}

function countsFrom(text: string | null): ReadonlyMap<number, number> {
  const pairs = text === null ? [] : text.split(",").map((pair) => pair.split(":").map(Number));
  return new Map(pairs.map(([bucket = 0, count = 0]) => [bucket, count]));
}

function timesFrom(bytes: Uint8Array | null): bigint[] {
  if (bytes === null) return [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.byteLength / 8 }, (_, i) => view.getBigInt64(i * 8));
}
