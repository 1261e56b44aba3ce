/**
 * Writes and counts rows of measurements for benchmarks, bypassing the log, which cannot take 50
 * million in a minute. Samples and exports see these rows; rollups do not, because nothing notes them.
 */

import { inArray, sql } from "drizzle-orm";
import type { Measurement } from "../../src/features/measurements/measurement.ts";
import { KnownHours } from "../../src/features/measurements/store/known-hours.ts";
import { rowsFromMeasurements, unpacked } from "../../src/features/measurements/store/rows.ts";
import {
  measurements as storedMeasurements,
  seriesTags,
} from "../../src/features/measurements/store/tables.ts";
import { TagIds } from "../../src/features/measurements/store/tag-ids.ts";
import { openDatabase } from "../../src/postgres/database.ts";
import { statement } from "../../src/postgres/statement.ts";

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
  const { db, run } = database;
  const tagIds = new TagIds(database);
  const hours = new KnownHours(database);

  return {
    async load(measurements) {
      const ids = await tagIds.of(new Set(measurements.map(({ tag }) => tag)));
      const rows = rowsFromMeasurements(measurements, ids);
      await hours.ensure(rows);
      await run(() =>
        statement(db, sql`insert into measurements (time, tag, vals) ${unpacked(rows)}`),
      );
    },

    async count(prefix) {
      const tags = db
        .select({ id: seriesTags.id })
        .from(seriesTags)
        .where(sql`starts_with(${seriesTags.tag}, ${prefix})`);
      return await run(() => db.$count(storedMeasurements, inArray(storedMeasurements.tag, tags)));
    },

    close: () => database.close(),
  };
}
