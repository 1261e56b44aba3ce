/** Records of the log as measurements; those that cannot become rows are counted. */

import { failureFrom } from "../../../core/failure.ts";
import { renderPosition } from "../../../core/position.ts";
import type { StoredRecord } from "../../../core/record.ts";
import { aheadMsMax, type Measurement, nsPerMs } from "../measurement.ts";
import { measurementFromRecord } from "../record.ts";

/** A client that bypasses the gateway could otherwise have a partition created for any hour. */
const aheadNsMax = BigInt(aheadMsMax) * nsPerMs;

export interface DecodedBatch {
  readonly measurements: readonly Measurement[];
  /** Number of records that are not measurements. */
  readonly undecodable: number;
  /** The position of the last of those, and what is wrong with it. */
  readonly lastUndecodable: string | undefined;
  /** Number of measurements past retention, or too far ahead. */
  readonly untimely: number;
}

export function decodeBatch(records: readonly StoredRecord[], oldestNs: bigint): DecodedBatch {
  const measurements: Measurement[] = [];
  let undecodable = 0;
  let lastUndecodable: string | undefined;
  let untimely = 0;
  for (const { record, position, receivedNs } of records) {
    try {
      const measurement = measurementFromRecord(record);
      const { timeNs } = measurement;
      if (timeNs >= oldestNs && timeNs <= receivedNs + aheadNsMax) measurements.push(measurement);
      else untimely++;
    } catch (error) {
      undecodable++;
      lastUndecodable = `${renderPosition(position)}: ${failureFrom(error).message}`;
    }
  }
  return { measurements, undecodable, lastUndecodable, untimely };
}
