/**
 * Measurements as rows: sorted as their index is, and packed as the parameters of one statement. The
 * values of a batch are sent as one bytea that the server cuts: an array of them must be escaped here
 * and parsed there, which takes a fifth longer. COPY would be as fast, but one that fails never
 * settles in this driver.
 */

import { Buffer } from "node:buffer";
import { sql } from "drizzle-orm";
import { arrayOfNumbers } from "../../../postgres/arrays.ts";
import { type Queries, statement } from "../../../postgres/statement.ts";
import { dirtyBucketNs, type Measurement } from "../measurement.ts";

export interface MeasurementRow {
  readonly tag: number;
  readonly timeNs: bigint;
  readonly values: Uint8Array;
}

/** Sorted by tag and time; of equal ones the last remains. */
export function rowsFromMeasurements(
  measurements: readonly Measurement[],
  ids: ReadonlyMap<string, number>,
): readonly MeasurementRow[] {
  const rows = measurements.map(({ tag, timeNs, values }) => ({
    tag: ids.get(tag) ?? 0,
    timeNs,
    values,
  }));
  // The sort is stable: of equal ones, the last of the log comes last.
  rows.sort((a, b) => a.tag - b.tag || compareTimes(a.timeNs, b.timeNs));
  return rows.filter((row, i) => {
    const next = rows[i + 1];
    return next === undefined || next.tag !== row.tag || next.timeNs !== row.timeNs;
  });
}

/** Writes rows, and notes the buckets that they change. */
export async function writeRows(tx: Queries, rows: readonly MeasurementRow[]): Promise<void> {
  const dirty = rows.filter((row, i) => {
    const before = rows[i - 1];
    return before?.tag !== row.tag || bucketOf(before.timeNs) !== bucketOf(row.timeNs);
  });
  // By hand: a batch is one statement, whose rows are passed as arrays.
  await statement(
    tx,
    sql`
      with dirty as (
        insert into series_dirty (tag, bucket)
        select * from unnest(
          ${arrayOfNumbers(dirty.map(({ tag }) => tag))}::int[],
          ${arrayOfNumbers(dirty.map(({ timeNs }) => bucketOf(timeNs)))}::bigint[]
        )
        on conflict do nothing
      )
      insert into measurements (time, tag, vals)
      ${unpacked(rows)}
      on conflict (tag, time) do update set vals = excluded.vals
      where measurements.vals <> excluded.vals`,
  );
}

/** A select of rows that the statement's parameters contain. */
export function unpacked(rows: readonly MeasurementRow[]) {
  let at = 1;
  const starts = rows.map(({ values }) => {
    const start = at;
    at += values.byteLength;
    return start;
  });
  return sql`
    select m.time, m.tag, substr(${Buffer.concat(rows.map(({ values }) => values))}::bytea, m.at, m.length)
    from unnest(
      ${arrayOfNumbers(rows.map(({ timeNs }) => timeNs))}::bigint[],
      ${arrayOfNumbers(rows.map(({ tag }) => tag))}::int[],
      ${arrayOfNumbers(starts)}::int[],
      ${arrayOfNumbers(rows.map(({ values }) => values.byteLength))}::int[]
    ) as m (time, tag, at, length)`;
}

function bucketOf(timeNs: bigint): bigint {
  return timeNs < 0n ? (timeNs + 1n) / dirtyBucketNs - 1n : timeNs / dirtyBucketNs;
}

function compareTimes(a: bigint, b: bigint): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
