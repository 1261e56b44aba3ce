/**
 * The projection `measurements`: records of the log as rows. A batch is merged by tag and time (the
 * last wins), sorted as the rows' index is, and written by one statement together with the buckets
 * that it touches; the position moves in the same transaction.
 *
 * The values of a batch go over as one bytea that the server cuts: an array of them has to be
 * escaped here and parsed there, which takes a fifth longer. COPY would be as fast, but one that
 * fails never settles in this driver.
 */
import { Buffer } from "node:buffer";
import { sql } from "drizzle-orm";
import type { Clock } from "../../../core/clock.ts";
import type { Logger } from "../../../core/logger.ts";
import {
  aheadMsMax,
  dirtyBucketNs,
  measurementsTopic,
  nsPerMs,
  type Measurement,
  type MeasurementStoreStats,
} from "../measurement.ts";
import type { ProjectionTarget } from "../../../core/projection.ts";
import { SlidingQuantiles } from "../../../core/sliding-quantiles.ts";
import type { StoredRecord } from "../../../core/record.ts";
import { failureFrom } from "../../../core/failure.ts";
import { renderPosition } from "../../../core/position.ts";
import { measurementFromRecord } from "../record.ts";
import type { Database } from "../../../postgres/database.ts";
import { hourOf, makePartitions } from "./partitions.ts";
import { moveProjection, positionOf, skipProjection } from "../../../postgres/projection-row.ts";
import { arrayOfNumbers } from "../../../postgres/arrays.ts";
import { statement } from "../../../postgres/statement.ts";
import { TagIds } from "./tag-ids.ts";

const projection = "measurements";
/** Past the gate a producer could have a partition made for any hour. */
const aheadNsMax = BigInt(aheadMsMax) * nsPerMs;

export interface MeasurementProjectionOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** What is older when it would be written is passed over. */
  readonly retentionMs: number;
}

export interface MeasurementProjection extends ProjectionTarget {
  stats(): MeasurementStoreStats;
}

interface Row {
  readonly tag: number;
  readonly timeNs: bigint;
  readonly values: Uint8Array;
}

export function createMeasurementProjection(
  database: Database,
  { clock, logger, retentionMs }: MeasurementProjectionOptions,
): MeasurementProjection {
  const { db, run } = database;
  const tagIds = new TagIds(database);
  const hoursThere = new Set<bigint>();
  const counts = { rows: 0, merged: 0, undecodable: 0, untimely: 0 };
  const recent = {
    batchRows: new SlidingQuantiles(clock),
    batchMs: new SlidingQuantiles(clock),
    storedMs: new SlidingQuantiles(clock),
  };
  let lastUndecodable: string | undefined;

  function decode(records: readonly StoredRecord[]) {
    const oldestNs = clock.nowNs() - BigInt(retentionMs) * nsPerMs;
    const found: Measurement[] = [];
    let undecodable = 0;
    let untimely = 0;
    for (const { record, position, receivedNs } of records) {
      try {
        const measurement = measurementFromRecord(record);
        const isTimely =
          measurement.timeNs >= oldestNs && measurement.timeNs <= receivedNs + aheadNsMax;
        if (isTimely) found.push(measurement);
        else untimely++;
      } catch (error) {
        undecodable++;
        lastUndecodable = `${renderPosition(position)}: ${failureFrom(error).message}`;
      }
    }
    return { found, undecodable, untimely };
  }

  async function rowsOf(found: readonly Measurement[]): Promise<readonly Row[]> {
    const ids = await tagIds.of(new Set(found.map(({ tag }) => tag)));
    const rows = found.map(({ tag, timeNs, values }) => ({
      tag: ids.get(tag) ?? 0,
      timeNs,
      values,
    }));
    // Stable: of equal ones the last of the log comes last.
    rows.sort((a, b) => a.tag - b.tag || compareTimes(a.timeNs, b.timeNs));
    return rows.filter((row, i) => {
      const next = rows[i + 1];
      return next === undefined || next.tag !== row.tag || next.timeNs !== row.timeNs;
    });
  }

  async function ensureHours(rows: readonly Row[]): Promise<void> {
    const wanted = new Set<bigint>();
    for (const { timeNs } of rows) {
      const hour = hourOf(timeNs);
      if (!hoursThere.has(hour)) wanted.add(hour);
    }
    if (wanted.size === 0) return;
    await makePartitions(database, [...wanted]);
    for (const hour of wanted) hoursThere.add(hour);
  }

  return {
    name: projection,
    topic: measurementsTopic,

    async position() {
      return await run(() => positionOf(db, projection));
    },

    async commit(records, from, to) {
      const startedMs = clock.nowMs();
      const { found, undecodable, untimely } = decode(records);
      const rows = await rowsOf(found);
      await ensureHours(rows);
      const packed = pack(rows);
      try {
        await run(() =>
          db.transaction(async (tx) => {
            await moveProjection(tx, projection, from, to);
            if (rows.length === 0) return;
            // By hand: a batch is one statement, whose values the server cuts out of one bytea.
            await statement(
              tx,
              sql`
              with dirty as (
                insert into series_dirty (tag, bucket)
                select * from unnest(${packed.dirtyTags}::int[], ${packed.dirtyBuckets}::bigint[])
                on conflict do nothing
              )
              insert into measurements (time, tag, vals)
              select m.time, m.tag, substr(${packed.values}::bytea, m.at, m.length)
              from unnest(${packed.times}::bigint[], ${packed.tags}::int[], ${packed.at}::int[],
                ${packed.lengths}::int[]) as m (time, tag, at, length)
              on conflict (tag, time) do update set vals = excluded.vals
              where measurements.vals <> excluded.vals`,
            );
          }),
        );
      } catch (error) {
        // One may have been dropped since: asked for again the next time.
        hoursThere.clear();
        throw error;
      }
      const nowMs = clock.nowMs();
      recent.batchMs.add(nowMs - startedMs);
      recent.batchRows.add(rows.length);
      for (const { receivedNs } of records) {
        recent.storedMs.add(nowMs - Number(receivedNs / nsPerMs));
      }
      counts.rows += rows.length;
      counts.merged += found.length - rows.length;
      counts.untimely += untimely;
      counts.undecodable += undecodable;
      if (undecodable > 0) {
        logger("warn", "records that hold no measurement were passed over", {
          records: undecodable,
          last: lastUndecodable,
        });
      }
    },

    skip: (from, to) => skipProjection(database, projection, from, to),

    stats: () => ({
      ...counts,
      lastUndecodable,
      batchRows: recent.batchRows.quantiles(),
      batchMs: recent.batchMs.quantiles(),
      storedMs: recent.storedMs.quantiles(),
    }),
  };
}

/** Rows as the statement's parameters. */
function pack(rows: readonly Row[]) {
  let at = 1;
  const starts = rows.map(({ values }) => {
    const start = at;
    at += values.byteLength;
    return start;
  });
  const dirty = rows.filter((row, i) => {
    const before = rows[i - 1];
    return before?.tag !== row.tag || bucketOf(before.timeNs) !== bucketOf(row.timeNs);
  });
  return {
    times: arrayOfNumbers(rows.map(({ timeNs }) => timeNs)),
    tags: arrayOfNumbers(rows.map(({ tag }) => tag)),
    at: arrayOfNumbers(starts),
    lengths: arrayOfNumbers(rows.map(({ values }) => values.byteLength)),
    values: Buffer.concat(rows.map(({ values }) => values)),
    dirtyTags: arrayOfNumbers(dirty.map(({ tag }) => tag)),
    dirtyBuckets: arrayOfNumbers(dirty.map(({ timeNs }) => bucketOf(timeNs))),
  };
}

function bucketOf(timeNs: bigint): bigint {
  return timeNs < 0n ? (timeNs + 1n) / dirtyBucketNs - 1n : timeNs / dirtyBucketNs;
}

function compareTimes(a: bigint, b: bigint): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
