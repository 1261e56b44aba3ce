/** Well-known types whose JSON form is a string. */

import type { JsonNode } from "./parse.ts";
import { wrong } from "./scalars.ts";

const rfc3339 =
  /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:Z|([-+])(\d\d):(\d\d))$/;
const timeMin = Date.parse("0001-01-01T00:00:00Z");
/** The first one that is too late. */
const timeEnd = Date.UTC(10_000, 0, 1);

/** RFC 3339 with a date that exists, between the years 1 and 9999 in UTC. Throws `JsonProblem`. */
export function readTimestamp(node: JsonNode): string {
  if (typeof node === "string" && isTimestamp(node)) return node;
  throw wrong(node, "an RFC 3339 time of the years 1 to 9999, such as 2026-01-02T03:04:05Z");
}

function isTimestamp(text: string): boolean {
  const match = rfc3339.exec(text);
  if (match === null) return false;
  const [, year, month, day, hour, minute, second, sign, offsetHour = "0", offsetMinute = "0"] =
    match;
  if (Number(month) < 1 || Number(month) > 12 || Number(day) < 1) return false;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return false;
  if (Number(offsetHour) > 23 || Number(offsetMinute) > 59) return false;
  if (Number(day) > daysOf(Number(year), Number(month))) return false;
  // Of the ISO form every runtime reads all years the same way.
  const local = Date.parse(`${text.slice(0, 19)}Z`);
  const offset = (Number(offsetHour) * 60 + Number(offsetMinute)) * 60_000;
  const time = sign === "-" ? local + offset : local - offset;
  return time >= timeMin && time < timeEnd;
}

function daysOf(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

const duration = /^(-?)(\d{1,12})(?:\.\d{1,9})?s$/;
/** 10,000 years, as google/protobuf/duration.proto has it. */
const secondsMax = 315_576_000_000;

/** Throws `JsonProblem`. */
export function readDuration(node: JsonNode): string {
  const match = typeof node === "string" ? duration.exec(node) : null;
  if (match !== null && Number(match[2]) <= secondsMax) return match[0];
  throw wrong(node, `seconds up to ${secondsMax} with up to nine more digits, such as "1.5s"`);
}

const maskPath = /^[A-Za-z][A-Za-z0-9]*(?:\.[A-Za-z][A-Za-z0-9]*)*$/;

/** Throws `JsonProblem`. */
export function readFieldMask(node: JsonNode): string {
  if (typeof node === "string") {
    if (node === "" || node.split(",").every((path) => maskPath.test(path))) return node;
  }
  throw wrong(node, 'names of fields in lowerCamelCase, separated by commas, such as "a.b,c"');
}
