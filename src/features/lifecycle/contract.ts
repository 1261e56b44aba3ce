/**
 * The record contract of the topic `lifecycle`, for records that do not come through the endpoints
 * of events: a record that is not an event is refused.
 */

import { Failure, invalidIssue, quoted } from "../../core/failure.ts";
import { checkJson } from "../../core/json/json.ts";
import type { GivenRecord, RecordContract } from "../../core/record-contract.ts";
import { isJsonType, jsonType } from "../../core/record.ts";
import {
  type Checked,
  eventFromJson,
  eventFromProtobuf,
  eventMembers,
  eventRequestType,
} from "./event.ts";

/** The record gets the message id as key, and `created_at` as its time where it is a valid one. */
export const lifecycleContract: RecordContract = (given) => {
  const checked = checkedEvent(given);
  if (!checked.ok) return checked.issues[0] ?? invalidIssue("body", "it is not an event");
  const { messageId, createdNs } = checked.event;
  const { contentType, timeNs } = given;
  return { key: messageId, contentType, timeNs: createdNs ?? timeNs };
};

/** Checks one event as JSON. */
export function eventFromJsonBytes(json: Uint8Array): Checked {
  let value: unknown;
  try {
    value = eventMembers(json);
  } catch {
    // `checkJson` is slower, and finds the reason.
    const { message } = { message: "it is not JSON", ...checkJson(json) };
    return { ok: false, issues: [invalidIssue("body", message)] };
  }
  return eventFromJson(value);
}

function checkedEvent({ value, contentType }: GivenRecord): Checked {
  if (isJsonType(contentType)) return eventFromJsonBytes(value);
  if (contentType !== eventRequestType) {
    const what = `Cannot take an event of type ${quoted(contentType)}: expected ${jsonType} or ${eventRequestType}`;
    return { ok: false, issues: [invalidIssue("content_type", what)] };
  }
  try {
    return eventFromProtobuf(value, 0, value.byteLength);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { ok: false, issues: [invalidIssue("body", error.message)] };
  }
}
