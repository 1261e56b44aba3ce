/**
 * Rollups as rows, written by the roller. The projection notes a change in `series_dirty`, in the
 * transaction that writes the measurement; it does not touch an existing note. So notes are taken
 * while no such transaction is open: under the lock of the projection's row, for one statement. Later
 * writes leave new notes.
 */

import { eq, sql } from "drizzle-orm";
import { arrayOfBytes, arrayOfNumbers } from "../../../postgres/arrays.ts";
import type { Database } from "../../../postgres/database.ts";
import { lockUntilCommit, type Queries, statement } from "../../../postgres/statement.ts";
import { projections } from "../../../postgres/tables.ts";
import { dirtyBucketNs, measurementsTopic } from "../measurement.ts";
import { floorTo } from "../query/cells.ts";
import { type Level, levelNs, type RollUp, type Rollup, type RollupStore } from "../series-port.ts";
import { noteActivity } from "./activity.ts";
import { packedPoint, unpackPoints } from "./packed.ts";
import { hourTable, hourTables } from "./partition-list.ts";
import { hourOf, partitionsOf } from "./partitions.ts";
import { decodeRollup, packedColumns, rollupFromRow } from "./rollup-row.ts";
import { seriesDirty, seriesDue, seriesRollups } from "./tables.ts";

const dayNs = 86_400_000_000_000n;
const partitionPattern = /^series_rollups_(-?\d+)$/;

interface Bucket {
  readonly tag: number;
  readonly time: bigint;
}

export function createRollupStore({ db, run }: Database): RollupStore {
  return {
    async hasEnded(endedNs) {
      const dueBy = (level: Level) => (endedNs - levelNs(level)).toString();
      // By hand: three probes in one round trip.
      const [row] = await run(() =>
        statement<{ yes: boolean }>(
          db,
          sql`
          select exists (
            select from series_dirty where bucket < ${(endedNs / dirtyBucketNs).toString()}::bigint
          ) or exists (select from series_due where level = 1 and time <= ${dueBy(1)}::bigint)
            or exists (select from series_due where level = 2 and time <= ${dueBy(2)}::bigint)
            or exists (select from series_due where level = 3 and time <= ${dueBy(3)}::bigint)
            as yes`,
        ),
      );
      return row?.yes === true;
    },

    takeDirty: (endedNs, limit) =>
      run(() =>
        db.transaction(async (tx) => {
          await oneAtATime(tx);
          await tx
            .select({ name: projections.name })
            .from(projections)
            .where(eq(projections.name, measurementsTopic))
            .for("update");
          // By hand: one statement moves the rows from one table to the other.
          const taken = await statement(
            tx,
            sql`
            with taken as (
              delete from series_dirty d using (
                select tag, bucket from series_dirty
                where bucket < ${(endedNs / dirtyBucketNs).toString()}::bigint
                order by bucket limit ${limit}
              ) ended
              where d.tag = ended.tag and d.bucket = ended.bucket
              returning d.tag, d.bucket
            )
            insert into series_due (level, tag, time)
            select 1, tag, bucket * ${dirtyBucketNs.toString()}::bigint from taken
            on conflict do nothing`,
          );
          return taken.count;
        }),
      ),

    roll: (level, endedNs, limit, rollUp) =>
      run(() =>
        db.transaction(async (tx) => {
          await oneAtATime(tx);
          const due = await takeDue(tx, level, endedNs, limit);
          if (due.length === 0) return 0;
          const rolled =
            level === 1
              ? await rollPoints(tx, due, rollUp)
              : await rollRollups(tx, level, due, rollUp);
          await replace(tx, level, due, rolled);
          if (level === 1) await noteActivity(tx, rolled);
          if (level < 3) await noteAbove(tx, level === 1 ? 2 : 3, due);
          return due.length;
        }),
      ),

    async waiting() {
      const [dirty, due] = await run(() =>
        Promise.all([db.$count(seriesDirty), db.$count(seriesDue, eq(seriesDue.level, 1))]),
      );
      return dirty + due;
    },

    async dropBefore(ns) {
      const names = await run(() => partitionsOf(db, seriesRollups));
      for (const name of names) {
        const day = partitionPattern.exec(name)?.[1];
        if (day === undefined || (BigInt(day) + 1n) * dayNs > ns) continue;
        await run(() => statement(db, sql`drop table if exists ${sql.identifier(name)}`));
      }
    },
  };
}

/** An owner may not have noticed yet that it was replaced: the two run their steps one at a time. */
async function oneAtATime(tx: Queries): Promise<void> {
  await lockUntilCommit(tx, "series-rollups-step");
}

async function takeDue(
  tx: Queries,
  level: Level,
  endedNs: bigint,
  limit: number,
): Promise<Bucket[]> {
  // By hand: a delete that has an order and a limit.
  const rows = await statement<{ tag: number; time: string }>(
    tx,
    sql`
    delete from series_due d using (
      select level, tag, time from series_due
      where level = ${level} and time <= ${(endedNs - levelNs(level)).toString()}::bigint
      order by time limit ${limit}
    ) ended
    where d.level = ended.level and d.tag = ended.tag and d.time = ended.time
    returning d.tag, d.time`,
  );
  return rows.map(({ tag, time }) => ({ tag, time: BigInt(time) }));
}

/** Level 1: from the measurements, hour by hour, because each bucket is in one partition. */
async function rollPoints(
  tx: Queries,
  due: readonly Bucket[],
  rollUp: RollUp,
): Promise<[number, Rollup][]> {
  const rolled: [number, Rollup][] = [];
  const width = levelNs(1);
  const tables = await hourTables(tx);
  for (const [hour, buckets] of Map.groupBy(due, ({ time }) => hourOf(time))) {
    const table = tables.get(hour);
    // Retention has dropped it.
    if (table === undefined) continue;
    // By hand: a scan of the partition's index for each bucket, and its points as one value.
    const rows = await statement<{ tag: number; time: string; packed: Uint8Array | null }>(
      tx,
      sql`
      select d.tag, d.time, p.packed
      from unnest(
        ${arrayOfNumbers(buckets.map(({ tag }) => tag))}::int[],
        ${arrayOfNumbers(buckets.map(({ time }) => time))}::bigint[]
      ) as d (tag, time)
      cross join lateral (
        select string_agg(${packedPoint}, '' order by m.time) as packed
        from ${hourTable(table)} m
        where m.tag = d.tag and m.time >= d.time and m.time < d.time + ${width.toString()}::bigint
      ) p`,
    );
    for (const row of rows) {
      const fromNs = BigInt(row.time);
      const rollup = rollUp.points(unpackPoints(row.packed), { fromNs, toNs: fromNs + width });
      if (rollup !== undefined) rolled.push([row.tag, rollup]);
    }
  }
  return rolled;
}

interface TaggedBucket {
  readonly tag: number;
  readonly bucket: string;
}

/** The other levels: from the level below. */
async function rollRollups(
  tx: Queries,
  level: 2 | 3,
  due: readonly Bucket[],
  rollUp: RollUp,
): Promise<[number, Rollup][]> {
  const width = levelNs(level);
  const below = level === 3 ? 2 : 1;
  // By hand: a scan of the index for each bucket of an array.
  const rows = await statement<Record<string, unknown> & TaggedBucket>(
    tx,
    sql`
    select d.time as bucket, r.*
    from unnest(
      ${arrayOfNumbers(due.map(({ tag }) => tag))}::int[],
      ${arrayOfNumbers(due.map(({ time }) => time))}::bigint[]
    ) as d (tag, time)
    join series_rollups r on r.tag = d.tag and r.level = ${below}
      and r.time >= d.time and r.time < d.time + ${width.toString()}::bigint
    order by r.time`,
  );
  const groups = Map.groupBy(rows, ({ tag, bucket }) => `${tag} ${bucket}`);
  return [...groups.values()].flatMap((group): [number, Rollup][] => {
    const first = group[0];
    if (first === undefined) return [];
    const fromNs = BigInt(first.bucket);
    const parts = group.map((row) => rollupFromRow(decodeRollup(row), below));
    const rollup = rollUp.rollups(parts, { fromNs, toNs: fromNs + width });
    return rollup === undefined ? [] : [[first.tag, rollup]];
  });
}

/** Deletes the old rollups of the due buckets, also of those that have no new one. */
async function replace(
  tx: Queries,
  level: Level,
  due: readonly Bucket[],
  rolled: readonly (readonly [number, Rollup])[],
): Promise<void> {
  // By hand, as is the insert below: sets of rows, passed as arrays.
  await statement(
    tx,
    sql`
    delete from series_rollups r using unnest(
      ${arrayOfNumbers(due.map(({ tag }) => tag))}::int[],
      ${arrayOfNumbers(due.map(({ time }) => time))}::bigint[]
    ) as d (tag, time)
    where r.tag = d.tag and r.level = ${level} and r.time = d.time`,
  );
  if (rolled.length === 0) return;
  await makePartitions(tx, rolled);
  const packed = rolled.map(([, rollup]) => packedColumns(rollup));
  await statement(
    tx,
    sql`
    insert into series_rollups (level, tag, time, count, first_time, first_vals, last_time,
      last_vals, mins, maxs, min_at, max_at, means, twas, counts, helds)
    select ${level}, * from unnest(
      ${arrayOfNumbers(rolled.map(([tag]) => tag))}::int[],
      ${arrayOfNumbers(rolled.map(([, { startNs }]) => startNs))}::bigint[],
      ${arrayOfNumbers(rolled.map(([, { count }]) => count))}::bigint[],
      ${arrayOfNumbers(rolled.map(([, { first }]) => first.timeNs))}::bigint[],
      ${arrayOfBytes(rolled.map(([, { first }]) => first.values))}::bytea[],
      ${arrayOfNumbers(rolled.map(([, { last }]) => last.timeNs))}::bigint[],
      ${arrayOfBytes(rolled.map(([, { last }]) => last.values))}::bytea[],
      ${arrayOfBytes(packed.map(({ mins }) => mins))}::bytea[],
      ${arrayOfBytes(packed.map(({ maxs }) => maxs))}::bytea[],
      ${arrayOfBytes(packed.map(({ minAt }) => minAt))}::bytea[],
      ${arrayOfBytes(packed.map(({ maxAt }) => maxAt))}::bytea[],
      ${arrayOfBytes(packed.map(({ means }) => means))}::bytea[],
      ${arrayOfBytes(packed.map(({ twas }) => twas))}::bytea[],
      ${arrayOfBytes(packed.map(({ counts }) => counts))}::bytea[],
      ${arrayOfBytes(packed.map(({ helds }) => helds))}::bytea[]
    )`,
  );
}

async function makePartitions(
  tx: Queries,
  rolled: readonly (readonly [number, Rollup])[],
): Promise<void> {
  const days = new Set(rolled.map(([, { startNs }]) => floorTo(startNs, dayNs) / dayNs));
  for (const day of days) {
    const name = `series_rollups_${day}`;
    const [there] = await statement<{ yes: boolean }>(
      tx,
      sql`select to_regclass(${name}) is not null as yes`,
    );
    if (there?.yes === true) continue;
    // By hand, as Drizzle knows no partitions. A bound takes no parameter.
    await statement(
      tx,
      sql.raw(
        `create table if not exists ${name} partition of series_rollups
       for values from (${day * dayNs}) to (${(day + 1n) * dayNs})`,
      ),
    );
  }
}

async function noteAbove(tx: Queries, level: 2 | 3, due: readonly Bucket[]): Promise<void> {
  const width = levelNs(level);
  // By hand: a set of rows, passed as arrays.
  await statement(
    tx,
    sql`
    insert into series_due (level, tag, time)
    select distinct ${level}::smallint, tag, time from unnest(
      ${arrayOfNumbers(due.map(({ tag }) => tag))}::int[],
      ${arrayOfNumbers(due.map(({ time }) => floorTo(time, width)))}::bigint[]
    ) as d (tag, time)
    on conflict do nothing`,
  );
}
