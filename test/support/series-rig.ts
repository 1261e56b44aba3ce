/** Series in a new database: written by the projection, read and rolled up by the code under test. */

import { type Clock, systemClock } from "../../src/core/clock.ts";
import { silent } from "../../src/core/logger.ts";
import { epochStart, type Position } from "../../src/core/position.ts";
import { jsonType, type StoredRecord } from "../../src/core/record.ts";
import {
  type MeasurementTail,
  valuesToNumbers,
} from "../../src/features/measurements/measurement.ts";
import type {
  RollupStore,
  SeriesPoint,
  SeriesStore,
} from "../../src/features/measurements/series-port.ts";
import { createMeasurementProjection } from "../../src/features/measurements/store/projection.ts";
import { createRollupStore } from "../../src/features/measurements/store/rollups.ts";
import { createSeriesStore } from "../../src/features/measurements/store/series-store.ts";
import { type Database, openDatabase } from "../../src/postgres/database.ts";
import { migrate } from "../../src/postgres/migrate.ts";
import { withPostgres } from "./postgres.ts";

export interface SeriesRig {
  readonly url: string;
  readonly database: Database;
  readonly store: SeriesStore;
  readonly rollups: RollupStore;
  /** Commits the points as the projection does, in one transaction. */
  commit(tag: string, points: readonly SeriesPoint[]): Promise<void>;
}

const utf8 = new TextEncoder();

export async function withSeries(
  use: (rig: SeriesRig) => Promise<void>,
  clock: Clock = systemClock,
): Promise<void> {
  await withPostgres(async (url) => {
    await migrate({ url });
    const database = openDatabase({ url });
    const retentionMs = 31 * 86_400_000;
    const projection = createMeasurementProjection(database, {
      clock,
      logger: silent,
      retentionMs,
    });
    let at: Position = epochStart(7);
    await projection.skip(undefined, at);
    try {
      await use({
        ...{ url, database },
        store: createSeriesStore(database),
        rollups: createRollupStore(database),
        async commit(tag, points) {
          const from = at;
          at = { ...from, sequence: from.sequence + points.length };
          const records = points.map((point, i) =>
            recordOf(tag, point, from.sequence + i + 1, clock),
          );
          await projection.commit(records, from, at);
        },
      });
    } finally {
      await database.close();
    }
  });
}

function recordOf(tag: string, point: SeriesPoint, sequence: number, clock: Clock): StoredRecord {
  const values = JSON.stringify(valuesToNumbers(point));
  const value = utf8.encode(
    `{"time":${point.timeNs},"tag":${JSON.stringify(tag)},"values":${values}}`,
  );
  return {
    record: { value, key: tag, contentType: jsonType, schemaId: 0, timeNs: point.timeNs },
    position: { epoch: 7, sequence, index: 0 },
    receivedNs: clock.nowNs(),
  };
}

/** A tail with only these points of one tag, in order of time. */
export function tailWith(tag: string, points: readonly SeriesPoint[]): MeasurementTail {
  const own = points.map((point) => ({ ...point, tag }));
  return {
    of: (asked) => (asked === tag ? own : []),
    newest: () => new Map(own.slice(-1).map((last) => [tag, last])),
    isComplete: true,
    behindMs: 0,
  };
}

export const emptyTail = tailWith("", []);
