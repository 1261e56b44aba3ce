/**
 * Writes and counts rows of measurements for benchmarks, bypassing the log, which cannot take 50
 * million in a minute. Samples and exports see these rows; rollups do not, because nothing notes them.
 */
import { Buffer } from "node:buffer";
import type { Measurement } from "../../src/features/measurements/measurement.ts";
import { openDatabase } from "../../src/postgres/database.ts";
import { hourOf, makePartitions } from "../../src/features/measurements/store/partitions.ts";
import { arrayOfNumbers } from "../../src/postgres/arrays.ts";
import { TagIds } from "../../src/features/measurements/store/tag-ids.ts";

export interface MeasurementRows {
  /** Each measurement must differ from all others in tag or time, stored ones included. Throws `unavailable`. */
  load(measurements: readonly Measurement[]): Promise<void>;
  /** Number of measurements whose tag begins with `prefix`. */
  count(prefix: string): Promise<number>;
  close(): Promise<void>;
}

/** Counting reads all rows: a minute for fifty million. */
const statementMs = 10 * 60_000;

export function openMeasurementRows(url: string): MeasurementRows {
  const database = openDatabase({ url, statementMs });
  const { sql, run } = database;
  const tagIds = new TagIds(database);
  const hoursThere = new Set<bigint>();

  return {
    async load(measurements) {
      const ids = await tagIds.of(new Set(measurements.map(({ tag }) => tag)));
      const hours = new Set(measurements.map(({ timeNs }) => hourOf(timeNs)));
      const missing = [...hours].filter((hour) => !hoursThere.has(hour));
      if (missing.length > 0) await makePartitions(database, missing);
      for (const hour of missing) hoursThere.add(hour);
      let at = 1;
      const starts = measurements.map(({ values }) => {
        const start = at;
        at += values.byteLength;
        return start;
      });
      const lengths = measurements.map(({ values }) => values.byteLength);
      await run(
        () => sql`
          insert into measurements (time, tag, vals)
          select m.time, m.tag, substr(${Buffer.concat(measurements.map(({ values }) => values))}::bytea, m.at, m.length)
          from unnest(${arrayOfNumbers(measurements.map(({ timeNs }) => timeNs))}::bigint[],
            ${arrayOfNumbers(measurements.map(({ tag }) => ids.get(tag) ?? 0))}::int[],
            ${arrayOfNumbers(starts)}::int[], ${arrayOfNumbers(lengths)}::int[])
            as m (time, tag, at, length)
          order by m.tag, m.time`,
      );
    },

    async count(prefix) {
      const [row] = await run(
        () => sql<{ count: string }[]>`
          select count(*) from measurements
          where tag in (select id from series_tags where starts_with(tag, ${prefix}))`,
      );
      return Number(row?.count);
    },

    close: () => database.close(),
  };
}
