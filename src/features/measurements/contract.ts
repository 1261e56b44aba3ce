/**
 * The record contract of the topic `measurements`, for records that do not come through
 * `POST /save`: a record that is not a measurement is refused.
 */

import type { Clock } from "../../core/clock.ts";
import { Failure } from "../../core/failure.ts";
import type { RecordContract } from "../../core/record-contract.ts";
import { isJsonType } from "../../core/record.ts";
import { nsPerMs, type TimeBounds } from "./measurement.ts";
import { timeIssue } from "./point.ts";
import { measurementFromRecord, measurementType } from "./record.ts";

/** The record gets the tag as key and the measurement's time. */
export function measurementContract(clock: Clock, bounds: TimeBounds): RecordContract {
  return (given) => {
    try {
      const { tag, timeNs } = measurementFromRecord(given);
      const point = { timeNs, timeMs: Number(timeNs) / Number(nsPerMs) };
      const contentType = isJsonType(given.contentType) ? given.contentType : measurementType;
      return timeIssue(point, clock.nowMs(), bounds) ?? { key: tag, contentType, timeNs };
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const [issue] = error.errors;
      return issue ?? { field: "body", code: error.code, message: error.message };
    }
  };
}
