/**
 * The record contract of the topic `measurements`, for records that do not come through
 * `POST /save`: a record that is not a measurement is refused.
 */

import type { Caller } from "../../core/access/caller.ts";
import type { Clock } from "../../core/clock.ts";
import { Failure, type Issue } from "../../core/failure.ts";
import type { RecordContract } from "../../core/record-contract.ts";
import { isJsonType } from "../../core/record.ts";
import { nsPerMs, type TimeBounds } from "./measurement.ts";
import { timeIssue } from "./point.ts";
import { measurementFromRecord, measurementType } from "./record.ts";
import type { TagBound } from "./tag-bound.ts";

/** The record gets the tag as key and the measurement's time. */
export function measurementContract(
  clock: Clock,
  bounds: TimeBounds,
  tags?: Pick<TagBound, "asks" | "refusal">,
): RecordContract {
  return (given, by) => {
    try {
      const { tag, timeNs } = measurementFromRecord(given);
      const point = { timeNs, timeMs: Number(timeNs) / Number(nsPerMs) };
      const contentType = isJsonType(given.contentType) ? given.contentType : measurementType;
      const issue = timeIssue(point, clock.nowMs(), bounds) ?? refusedTag(tag, tags, by);
      return issue ?? { key: tag, contentType, timeNs };
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const [issue] = error.errors;
      return issue ?? { field: "body", code: error.code, message: error.message };
    }
  };
}

const utf8 = new TextEncoder();

function refusedTag(
  tag: string,
  tags: Pick<TagBound, "asks" | "refusal"> | undefined,
  by: Caller | undefined,
): Issue | undefined {
  if (tags?.asks(by) !== true) return undefined;
  const bytes = utf8.encode(tag);
  return tags.refusal(bytes, bytes.byteLength, by);
}
