/**
 * The projection `measurements`: records of the log as rows. A batch is merged by tag and time (the
 * last wins), sorted as the rows' index is, and written by one statement together with the buckets
 * that it touches; the position moves in the same transaction.
 */

import type { Clock } from "../../../core/clock.ts";
import type { Logger } from "../../../core/logger.ts";
import type { ProjectionTarget } from "../../../core/projection.ts";
import type { Database } from "../../../postgres/database.ts";
import { moveProjection, positionOf, skipProjection } from "../../../postgres/projection-row.ts";
import { measurementsTopic, type MeasurementStoreStats, nsPerMs } from "../measurement.ts";
import { decodeBatch } from "./decoded-batch.ts";
import { KnownHours } from "./known-hours.ts";
import { ProjectionStats } from "./projection-stats.ts";
import { rowsFromMeasurements, writeRows } from "./rows.ts";
import { TagIds } from "./tag-ids.ts";

const projection = "measurements";

export interface MeasurementProjectionOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Measurements that are older when they would be written are passed over. */
  readonly retentionMs: number;
}

export interface MeasurementProjection extends ProjectionTarget {
  stats(): MeasurementStoreStats;
}

export function createMeasurementProjection(
  database: Database,
  { clock, logger, retentionMs }: MeasurementProjectionOptions,
): MeasurementProjection {
  const { db, run } = database;
  const tagIds = new TagIds(database);
  const hours = new KnownHours(database);
  const stats = new ProjectionStats(clock);

  return {
    name: projection,
    topic: measurementsTopic,
    position: () => run(() => positionOf(db, projection)),

    async commit(records, from, to) {
      const startedMs = clock.nowMs();
      const batch = decodeBatch(records, clock.nowNs() - BigInt(retentionMs) * nsPerMs);
      const ids = await tagIds.of(new Set(batch.measurements.map(({ tag }) => tag)));
      const rows = rowsFromMeasurements(batch.measurements, ids);
      await hours.ensure(rows);
      try {
        await run(() =>
          db.transaction(async (tx) => {
            await moveProjection(tx, projection, from, to);
            if (rows.length > 0) await writeRows(tx, rows);
          }),
        );
      } catch (error) {
        hours.clear();
        throw error;
      }
      stats.add(records, batch, rows.length, startedMs);
      if (batch.undecodable === 0) return;
      logger("warn", "records that are not measurements are skipped", {
        records: batch.undecodable,
        last: batch.lastUndecodable,
      });
    },

    skip: (from, to) => skipProjection(database, projection, from, to),
    stats: () => stats.snapshot(),
  };
}
