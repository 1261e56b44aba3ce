/**
 * The gate of the topic `measurements`, for records that come in by other doors than `POST /save`:
 * a record there is a measurement or is refused.
 */
import type { Clock } from "../core/clock.ts";
import { Failure, type Issue } from "../core/failure.ts";
import { nsPerMs, type TimeBounds } from "../core/measurement.ts";
import { measurementFromRecord } from "./record.ts";
import { timeIssue } from "./point.ts";

interface Bytes {
  readonly value: Uint8Array;
  readonly contentType: string;
}

/** The record under its tag as key and with its own time, or why it is no measurement. */
export function measurementForm(clock: Clock, bounds: TimeBounds) {
  return <Given extends Bytes>(
    offered: Given,
  ): (Given & { readonly key: string; readonly timeNs: bigint }) | Issue => {
    try {
      const { tag, timeNs } = measurementFromRecord(offered);
      const issue = timeIssue(
        { timeNs, timeMs: Number(timeNs) / Number(nsPerMs) },
        clock.nowMs(),
        bounds,
      );
      return issue ?? { ...offered, key: tag, timeNs };
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const [issue] = error.errors;
      return issue ?? { field: "body", code: error.code, message: error.message };
    }
  };
}
