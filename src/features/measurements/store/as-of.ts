/**
 * As-of sampling: an index probe for each instant, in the one partition that contains it. Checking
 * first whether an hour has fewer points than instants costs more than it saves. Several partitions
 * share a statement. Its text is the same for each query, so that it is planned once.
 *
 * A probe without a lower bound reads its index page from the start, some hundred entries, to find
 * one: 7 µs, against 3 with a near bound. So a probe looks back a few times as far as earlier queries
 * of the series had to; an instant without a point in that reach is probed again, without a bound.
 */

import { type SQL, sql } from "drizzle-orm";
import { BoundedMap } from "../../../core/budget/bounded-map.ts";
import { arrayOfNumbers } from "../../../postgres/arrays.ts";
import type { Database } from "../../../postgres/database.ts";
import { preparedStatement, type Read } from "../../../postgres/read.ts";
import { type Queries, statement } from "../../../postgres/statement.ts";
import { asOfJoin } from "../query/as-of.ts";
import { floorTo } from "../query/cells.ts";
import type { SeriesPoint } from "../series-port.ts";
import { packedPoint, unpackPoints } from "./packed.ts";
import { hourTable, type SeriesPlan } from "./partition-list.ts";
import { hourNs, hourOf } from "./partitions.ts";

/**
 * How far a probe looks back: so many times the mean age of the points that earlier probes found.
 * 0.005 % of the points are older than that.
 */
const reachAges = 10;
/** A sparser series has few points an hour, so that a bounded probe gains nothing. */
const reachNsMax = hourNs;
/** One instant of so many is enough for the mean. */
const learntEvery = 8;
/** Number of series whose reach is remembered. */
const reachesMax = 10_000;
const int64Min = -(2n ** 63n);

/** Number of rendered statements that are kept: of some days, with and without a bound. */
const probesMax = 100;

interface PackedRow {
  readonly packed: Uint8Array | null;
}

/** What queries leave for later ones. */
export interface AsOfState {
  /** How far back the newest point of a series is found, by the series' id. */
  readonly reaches: Map<number, bigint>;
  /** Statements by their partitions: one takes 0.1 ms to render. */
  readonly probes: Map<string, Read<PackedRow>>;
}

export function createAsOfState(): AsOfState {
  return { reaches: new BoundedMap(reachesMax), probes: new BoundedMap(probesMax) };
}

interface AsOfSources extends AsOfState, Pick<Database, "db" | "sql"> {}

/** Hours that share a statement; a day takes three or four statements, which run concurrently. */
const blockHours = 8n;
/** Number of partitions that one statement probes, and how it grows while no point is found. */
const lookBack = { first: 1, factor: 8, most: 64 };

/**
 * Points by time, with the last one at or before each instant among them; instants rise. The query
 * uses and updates the state.
 */
export async function asOfPoints(
  sources: AsOfSources,
  plan: SeriesPlan,
  instants: readonly bigint[],
): Promise<SeriesPoint[]> {
  const { reaches } = sources;
  const reachNs = reaches.get(plan.id);
  const points = await pointsWithin(sources, plan, instants, reachNs);
  learn(reaches, plan.id, points, instants);
  return points;
}

async function pointsWithin(
  sources: AsOfSources,
  plan: SeriesPlan,
  instants: readonly bigint[],
  reachNs: bigint | undefined,
): Promise<SeriesPoint[]> {
  const isNone = reachNs === undefined || reachNs >= reachNsMax;
  if (isNone || (instants[0] ?? int64Min) < int64Min + reachNs) {
    return await pointsBefore(sources, plan, instants);
  }
  const near = byTime(await probeGroups(sources, plan, groupByHour(instants), reachNs));
  // Any probe may have found the point: the instant's own probe found the last one.
  const met = asOfJoin(near, instants);
  const missed = instants.filter((instant, i) => {
    const point = met[i];
    if (point === undefined || point.timeNs <= instant - reachNs) return true;
    return hourOf(point.timeNs) !== hourOf(instant);
  });
  if (missed.length === 0) return near;
  return byTime([...near, ...(await pointsBefore(sources, plan, missed))]);
}

function learn(
  reaches: AsOfState["reaches"],
  id: number,
  points: readonly SeriesPoint[],
  instants: readonly bigint[],
): void {
  const some = instants.filter((_, i) => i % learntEvery === 0);
  let agesNs = 0;
  let count = 0;
  for (const [i, point] of asOfJoin(points, some).entries()) {
    if (point === undefined) continue;
    agesNs += Number((some[i] ?? point.timeNs) - point.timeNs);
    count++;
  }
  if (count === 0) return;
  const reach = Math.min(Number(reachNsMax), (agesNs / count + 1) * reachAges);
  reaches.set(id, BigInt(Math.ceil(reach)));
}

async function pointsBefore(
  sources: AsOfSources,
  { id, tables }: SeriesPlan,
  instants: readonly bigint[],
): Promise<SeriesPoint[]> {
  const hours = [...tables.keys()];
  const groups = groupByHour(instants).map((group, i, all) =>
    i === all.length - 1 ? group : withEnd(group),
  );
  const found = await probeGroups(sources, { id, tables }, groups, undefined);
  // Where an hour begins with instants before its first point, the hours before it are probed.
  const carried = await Promise.all(
    unsatisfied(groups, found).map(({ from, to }) =>
      lastPoint(
        sources.db,
        { id, tables },
        hours.slice(firstFrom(hours, from), firstFrom(hours, to)),
      ),
    ),
  );
  const all = [...carried.flatMap((point) => point ?? []), ...found];
  return byTime(all);
}

interface HourGroup {
  readonly hour: bigint;
  readonly instants: readonly bigint[];
}

function groupByHour(instants: readonly bigint[]): HourGroup[] {
  const groups: { hour: bigint; instants: bigint[] }[] = [];
  for (const instant of instants) {
    const hour = hourOf(instant);
    const group = groups.at(-1);
    if (group?.hour === hour) group.instants.push(instant);
    else groups.push({ hour, instants: [instant] });
  }
  return groups;
}

/** Adds the end of the hour, because the next hour's first instants may need the point before it. */
function withEnd({ hour, instants }: HourGroup): HourGroup {
  return { hour, instants: [...instants, (hour + 1n) * hourNs - 1n] };
}

async function probeGroups(
  sources: AsOfSources,
  { id, tables }: SeriesPlan,
  groups: readonly HourGroup[],
  reachNs: bigint | undefined,
): Promise<SeriesPoint[]> {
  const byHour = new Map(groups.map((group) => [group.hour, group.instants]));
  const blocks = [...Map.groupBy(tables, ([hour]) => floorTo(hour, blockHours)).values()].filter(
    (block) => block.some(([hour]) => byHour.has(hour)),
  );
  const packed = await Promise.all(
    blocks.map((block) =>
      probeHours(sources, id, block, (hour) => byHour.get(hour) ?? [], reachNs),
    ),
  );
  return packed.flat();
}

type HourTable = readonly [hour: bigint, table: string];

async function probeHours(
  { sql: driver, probes }: AsOfSources,
  id: number,
  block: readonly HourTable[],
  instantsOf: (hour: bigint) => readonly bigint[],
  reachNs: bigint | undefined,
): Promise<SeriesPoint[]> {
  const isBounded = reachNs !== undefined;
  const key = `${isBounded}:${block.map(([, table]) => table).join()}`;
  let probe = probes.get(key);
  if (probe === undefined) {
    probe = preparedStatement(driver, probeQuery(block, isBounded));
    probes.set(key, probe);
  }
  const values: Record<string, unknown> = { id, reachNs: reachNs?.toString() };
  for (const [i, [hour]] of block.entries()) {
    values[instantsName(i)] = arrayOfNumbers(instantsOf(hour));
  }
  const [row] = await probe(values);
  return unpackPoints(row?.packed);
}

/** By hand: a probe of an index for each instant of an array, and all points as one value. */
function probeQuery(block: readonly HourTable[], isBounded: boolean): SQL {
  const end = isBounded ? sql`and time > instant - ${sql.placeholder("reachNs")}::bigint` : sql``;
  const probes = block.map(
    ([, table], i) => sql`
      select m.time, m.vals from unnest(${sql.placeholder(instantsName(i))}::bigint[]) as instant
      cross join lateral (
        select time, vals from ${hourTable(table)}
        where tag = ${sql.placeholder("id")} and time <= instant ${end} order by time desc limit 1
      ) m`,
  );
  return sql`
    select string_agg(${packedPoint}, '') as packed
    from (${unionAll(probes)}) found`;
}

/** The placeholder of the instants in the block's hour. */
function instantsName(index: number): string {
  return `instants${index}`;
}

function unionAll(selects: readonly SQL[]): SQL {
  return sql.join([...selects], sql` union all `);
}

/** In order and without repetition: several instants may have found the same point. */
function byTime(points: readonly SeriesPoint[]): SeriesPoint[] {
  return points
    .toSorted((a, b) => (a.timeNs < b.timeNs ? -1 : 1))
    .filter(({ timeNs }, i, all) => timeNs !== all[i - 1]?.timeNs);
}

interface HourRange {
  readonly from: bigint;
  readonly to: bigint;
}

/** Hours before `to` that may contain the point before a group's first instants. */
function unsatisfied(groups: readonly HourGroup[], found: readonly SeriesPoint[]): HourRange[] {
  const firsts = groups.map(({ instants }) => instants[0] ?? 0n);
  const met = asOfJoin(found, firsts);
  return groups.flatMap(({ hour }, i) => {
    const point = met[i];
    if (point !== undefined && hourOf(point.timeNs) === hour) return [];
    // The group before includes the end of its hour, so that earlier hours do not matter.
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
  db: Queries,
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
      (hour) => sql`
        (select time, vals from ${hourTable(tables.get(hour) ?? "")} where tag = ${id} ${before}
         order by time desc limit 1)`,
    );
    // By hand: the partitions are probed in turn, up to the first that has a point.
    const [row] = await statement<{ packed: Uint8Array | null }>(
      db,
      sql`select ${packedPoint} as packed from (${unionAll(probes)}) as newest limit 1`,
    );
    const [point] = unpackPoints(row?.packed);
    if (point !== undefined) return point;
  }
  return undefined;
}
