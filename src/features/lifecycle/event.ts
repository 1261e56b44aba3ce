/**
 * One event in the life of a message: the fields that every protocol takes, their checks, and how an
 * event is read from its record, which contains it as it was sent.
 */

import { Failure, invalidIssue, type Issue, quoted } from "../../core/failure.ts";
import { parseMembers } from "../../core/json/members.ts";
import { isDotSegment } from "../../core/parse.ts";
import { isJsonType, type LogRecord } from "../../core/record.ts";
import { parseTime } from "../../core/time.ts";
import { readEventRequest } from "./event-wire.ts";

/** Each record is one event, with the message id as key. */
export const lifecycleTopic = "lifecycle";

/** The media type of a record whose value is a `MarsWeb.GrpcService.EventRequest`. */
export const eventRequestType = "application/protobuf";

export interface LifecycleEvent {
  readonly appId: string;
  readonly messageId: string;
  readonly event: string;
  /** Nanoseconds since the Unix epoch: `created_at` where it is a time, otherwise the receipt. */
  readonly atNs: bigint;
  readonly externalId: string | undefined;
}

/** An event as it was sent. `createdNs` is undefined where `created_at` is missing or not a time. */
export interface GivenEvent {
  readonly appId: string;
  readonly messageId: string;
  readonly event: string;
  readonly createdNs: bigint | undefined;
  readonly externalId: string | undefined;
}

export type Checked =
  | { readonly ok: true; readonly event: GivenEvent }
  | { readonly ok: false; readonly issues: readonly Issue[] };

/** Bounds ids and names, because each is part of a key and of a row. */
export const idBytesMax = 256;

const utf8 = new TextEncoder();
/** Controls of ASCII and Latin-1. They would end lines and hide text where an id is shown. */
// oxlint-disable-next-line no-control-regex
const controls = /[\u0000-\u001f\u007f-\u009f]/;

const memberNames = ["app_id", "message_id", "event", "created_at", "external_id"];

/** Parses what `eventFromJson` reads of a JSON value. Throws where it is not JSON. */
export function eventMembers(json: Uint8Array): unknown {
  return parseMembers(json, memberNames);
}

/** Checks a parsed JSON value. Unknown members are kept in the record and not read. */
export function eventFromJson(value: unknown): Checked {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const message =
      "Cannot take the event: it is not an object, expected one with app_id, message_id and event";
    return { ok: false, issues: [invalidIssue("body", message)] };
  }
  const { app_id, message_id, event, created_at, external_id } = value as Readonly<
    Record<string, unknown>
  >;
  const issues: Issue[] = [];
  const appId = idFrom("app_id", app_id, issues);
  const messageId = idFrom("message_id", message_id, issues);
  const name = idFrom("event", event, issues);
  const isGiven = external_id !== undefined && external_id !== null;
  const externalId = isGiven ? idFrom("external_id", external_id, issues) : undefined;
  if (created_at !== undefined && created_at !== null && typeof created_at !== "string") {
    const message = `Cannot use created_at ${quoted(created_at)}: expected text such as 2026-11-21T10:02:11.420Z`;
    issues.push(invalidIssue("created_at", message));
  }
  if (issues.length > 0) return { ok: false, issues };
  const createdNs = typeof created_at === "string" ? parseTime(created_at) : undefined;
  return { ok: true, event: { appId, messageId, event: name, createdNs, externalId } };
}

/** Checks the encoded `EventRequest` in `bytes[from … to]`. Throws `invalid` on other bytes. */
export function eventFromProtobuf(bytes: Uint8Array, from: number, to: number): Checked {
  const given = readEventRequest(bytes, from, to);
  const issues: Issue[] = [];
  idFrom("app_id", given.appId, issues);
  idFrom("message_id", given.messageId, issues);
  idFrom("event", given.event, issues);
  if (issues.length > 0) return { ok: false, issues };
  const { appId, messageId, event, createdAt } = given;
  const createdNs = createdAt === "" ? undefined : parseTime(createdAt);
  return { ok: true, event: { appId, messageId, event, createdNs, externalId: undefined } };
}

/** The event in a record; undefined for other records, because any client may append to a topic. */
export function eventFromRecord(record: LogRecord): LifecycleEvent | undefined {
  const checked = checkedRecord(record);
  if (checked?.ok !== true) return undefined;
  const { appId, messageId, event, createdNs, externalId } = checked.event;
  return { appId, messageId, event, externalId, atNs: createdNs ?? record.timeNs };
}

function checkedRecord({ value, contentType }: LogRecord): Checked | undefined {
  try {
    if (isJsonType(contentType)) return eventFromJson(eventMembers(value));
    return contentType === eventRequestType
      ? eventFromProtobuf(value, 0, value.byteLength)
      : undefined;
  } catch {
    // Neither JSON nor a message, so not an event.
    return undefined;
  }
}

/** The text, if it can be an id. Throws `invalid` naming `field`. */
export function parseEventId(field: string, given: string | undefined): string {
  const issues: Issue[] = [];
  const id = idFrom(field, given, issues);
  const [issue] = issues;
  if (issue !== undefined) throw new Failure("invalid", issue.message, { errors: issues });
  return id;
}

/** The text, if it can be an id; otherwise "", and an issue is added. */
function idFrom(field: string, given: unknown, issues: Issue[]): string {
  const what = typeof given === "string" ? idProblem(given) : "it is not text";
  if (typeof given === "string" && what === undefined) return given;
  const problem =
    given === undefined
      ? `Cannot use ${field}: it is missing`
      : `Cannot use ${field} ${quoted(given)}: ${what}`;
  issues.push(invalidIssue(field, `${problem}, expected ${expectedId}`));
  return "";
}

const expectedId = `text of 1 to ${idBytesMax} bytes without control characters`;

function idProblem(text: string): string | undefined {
  if (text === "") return "it is empty";
  if (!isShort(text)) return `it has ${byteLength(text)} bytes`;
  if (isDotSegment(text)) return "it would be another path in an address";
  if (controls.test(text)) return "it has control characters";
  return text.isWellFormed() ? undefined : "it has half of a surrogate pair";
}

/** A UTF-16 unit takes at most three bytes of UTF-8. */
function isShort(text: string): boolean {
  return text.length * 3 <= idBytesMax || byteLength(text) <= idBytesMax;
}

/** A lower bound, which is exact near the limit. */
function byteLength(text: string): number {
  return text.length > idBytesMax ? text.length : utf8.encode(text).byteLength;
}
