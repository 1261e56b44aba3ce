/**
 * The form of the topic `lifecycle`, for records that come in by other doors than the events' own: a
 * record there is an event or is refused.
 */
import { Failure, invalidIssue, quoted } from "../../core/failure.ts";
import { checkJson } from "../../core/json.ts";
import { eventFromJson, eventFromProtobuf, eventRequestType, type Checked } from "./event.ts";
import { isJsonType, jsonType } from "../../core/record.ts";
import type { GivenRecord, RecordContract } from "../../core/record-contract.ts";

const strictUtf8 = new TextDecoder("utf-8", { fatal: true });

/** An event's key is its message id, and its time `created_at` where that is one. */
export const lifecycleContract: RecordContract = (given) => {
  const checked = checkedEvent(given);
  if (!checked.ok) return checked.issues[0] ?? invalidIssue("body", "it is no event");
  const { messageId, createdNs } = checked.event;
  const { contentType, timeNs } = given;
  return { key: messageId, contentType, timeNs: createdNs ?? timeNs };
};

/** Checks one event as JSON. */
export function eventFromJsonBytes(json: Uint8Array): Checked {
  let value: unknown;
  try {
    value = JSON.parse(strictUtf8.decode(json));
  } catch {
    // Slower, and tells why.
    const { message } = { message: "it is no JSON", ...checkJson(json) };
    return { ok: false, issues: [invalidIssue("body", message)] };
  }
  return eventFromJson(value);
}

function checkedEvent({ value, contentType }: GivenRecord): Checked {
  if (isJsonType(contentType)) return eventFromJsonBytes(value);
  if (contentType !== eventRequestType) {
    const wanted = `expected ${jsonType} or ${eventRequestType}`;
    const what = `Cannot take an event of type ${quoted(contentType)}: ${wanted}`;
    return { ok: false, issues: [invalidIssue("content_type", what)] };
  }
  try {
    return eventFromProtobuf(value, 0, value.byteLength);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { ok: false, issues: [invalidIssue("body", error.message)] };
  }
}
