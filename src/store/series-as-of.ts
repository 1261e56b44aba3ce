/**
 * As-of sampling: an index probe for each instant, into the one partition that it lies in. A probe
 * costs the server 3 to 7 µs; looking first whether an hour has fewer points than it has instants
 * costs more than it saves. Several partitions share a statement, whose text comes again with each
 * query, so that it is planned once.
 */
import type { Sql, TransactionSql } from "postgres";
import type { SeriesPoint } from "../core/series.ts";
import { asOfJoin } from "../series/as-of.ts";
import { floorTo } from "../series/cells.ts";
import { hourNs, hourOf } from "./measurement-partitions.ts";
import { arrayOfNumbers } from "./row.ts";
import { unpackPoints } from "./series-packed.ts";
import type { SeriesPlan } from "./series-partitions.ts";

/** Hours that share a statement; a day is three or four of them, which run side by side. */
const blockHours = 8n;
/** Partitions that one statement looks back through, and how that grows while there is nothing. */
const lookBack = { first: 1, factor: 8, most: 64 };

/** The points among which the last at or before each instant is, by time; instants rise. */
export async function asOfPoints(
  sql: Sql,
  { id, tables }: SeriesPlan,
  instants: readonly bigint[],
): Promise<SeriesPoint[]> {
  const hours = [...tables.keys()];
  const groups = groupByHour(instants);
  const byHour = new Map(groups.map((group) => [group.hour, group.instants]));
  const blocks = [...Map.groupBy(tables, ([hour]) => floorTo(hour, blockHours)).values()].filter(
    (block) => block.some(([hour]) => byHour.has(hour)),
  );
  const packed = await Promise.all(
    blocks.map((block) => probeHours(sql, id, block, (hour) => byHour.get(hour) ?? [])),
  );
  const found = packed.flat();
  // Where an hour begins with instants before its first point, the hours before it are asked.
  const carried = await Promise.all(
    unsatisfied(groups, found).map(({ from, to }) =>
      lastPoint(sql, { id, tables }, hours.slice(firstFrom(hours, from), firstFrom(hours, to))),
    ),
  );
  const all = [...carried.flatMap((point) => point ?? []), ...found];
  return distinct(all.toSorted((a, b) => (a.timeNs < b.timeNs ? -1 : 1)));
}

interface HourGroup {
  readonly hour: bigint;
  readonly instants: readonly bigint[];
}

/** Each but the last hour is asked for its end as well: the next may begin with what holds there. */
function groupByHour(instants: readonly bigint[]): HourGroup[] {
  const groups: { hour: bigint; instants: bigint[] }[] = [];
  for (const instant of instants) {
    const hour = hourOf(instant);
    const group = groups.at(-1);
    if (group?.hour === hour) group.instants.push(instant);
    else {
      group?.instants.push((group.hour + 1n) * hourNs - 1n);
      groups.push({ hour, instants: [instant] });
    }
  }
  return groups;
}

async function probeHours(
  sql: Sql,
  id: number,
  block: Iterable<readonly [hour: bigint, table: string]>,
  instantsOf: (hour: bigint) => readonly bigint[],
): Promise<SeriesPoint[]> {
  const probes = [...block].map(
    ([hour, table], i) => sql`${i === 0 ? sql`` : sql`union all`}
      select m.time, m.vals from unnest(${arrayOfNumbers(instantsOf(hour))}::bigint[]) as instant
      cross join lateral (
        select time, vals from ${sql(table)}
        where tag = ${id} and time <= instant order by time desc limit 1
      ) m`,
  );
  const [row] = await sql<{ packed: Uint8Array | null }[]>`
    select string_agg(int8send(time) || int2send((octet_length(vals) / 8)::smallint) || vals, '') as packed
    from (${probes}) found`;
  return unpackPoints(row?.packed);
}

/** Successive instants may have met the same point. */
function distinct(points: readonly SeriesPoint[]): SeriesPoint[] {
  return points.filter(({ timeNs }, i) => timeNs !== points[i - 1]?.timeNs);
}

interface HourRange {
  readonly from: bigint;
  readonly to: bigint;
}

/** Hours, up to but without `to`, that may hold what a group's first instants carry on. */
function unsatisfied(groups: readonly HourGroup[], found: readonly SeriesPoint[]): HourRange[] {
  const firsts = groups.map(({ instants }) => instants[0] ?? 0n);
  const met = asOfJoin(found, firsts);
  return groups.flatMap(({ hour }, i) => {
    const point = met[i];
    if (point !== undefined && hourOf(point.timeNs) === hour) return [];
    // The group before was asked for its hour's end, so that what lies before it matters no more.
    const before = groups[i - 1]?.hour;
    return [{ from: before === undefined ? -(2n ** 63n) : before + 1n, to: hour }];
  });
}

/** Index of the first hour from `from` on. */
function firstFrom(hours: readonly bigint[], from: bigint): number {
  let low = 0;
  let high = hours.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((hours[middle] ?? from) < from) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The newest point of the hours, which rise: one after another, until there is one. */
export async function lastPoint(
  sql: Sql | TransactionSql,
  { id, tables }: SeriesPlan,
  hours: readonly bigint[],
  beforeNs?: bigint,
): Promise<SeriesPoint | undefined> {
  let end = hours.length;
  for (
    let count = lookBack.first;
    end > 0;
    count = Math.min(count * lookBack.factor, lookBack.most)
  ) {
    const some = hours.slice(Math.max(0, end - count), end).toReversed();
    end -= some.length;
    const before = beforeNs === undefined ? sql`` : sql`and time < ${beforeNs.toString()}::bigint`;
    const probes = some.map(
      (hour, i) => sql`${i === 0 ? sql`` : sql`union all`}
        (select time, vals from ${sql(tables.get(hour) ?? "")} where tag = ${id} ${before}
         order by time desc limit 1)`,
    );
    const [row] = await sql<{ packed: Uint8Array | null }[]>`
      select int8send(time) || int2send((octet_length(vals) / 8)::smallint) || vals as packed
      from (${probes}) as newest limit 1`;
    const [point] = unpackPoints(row?.packed);
    if (point !== undefined) return point;
  }
  return undefined;
}
