/** Outgoing events as JSON, with bigints as integers. */

import { SluiceError } from "./error.ts";

/**
 * Each event as JSON. Throws `invalid` for anything but an array, and for a value without a JSON
 * form, which it names by its index. `expected` says what the caller takes besides arrays.
 */
export function jsonFromEvents(events: readonly unknown[], expected = "an array"): string[] {
  if (Array.isArray(events)) return events.map(jsonFromEvent);
  const message = `Cannot append events: they are ${kindOf(events)}, expected ${expected}`;
  throw new SluiceError("invalid", message, {
    errors: [{ field: "events", code: "invalid", message }],
  });
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  const name = typeof value === "object" ? value.constructor?.name : typeof value;
  const kind = name === undefined || name === "Object" ? "object" : name;
  return `${/^[aeiou]/i.test(kind) ? "an" : "a"} ${kind}`;
}

function jsonFromEvent(event: unknown, index: number): string {
  try {
    const text = write(event, "", 0);
    if (text !== undefined) return text;
  } catch (error) {
    throw unfit(index, error instanceof Error ? error.message : String(error), error);
  }
  throw unfit(index, `${typeof event} has no JSON form`);
}

function unfit(index: number, why: string, cause?: unknown): SluiceError {
  const message = `Cannot append event ${index}: ${why}`;
  return new SluiceError("invalid", message, {
    errors: [{ index, field: "events", code: "invalid", message }],
    cause,
  });
}

/** A deeper value is a cycle, or one that no parser would take. */
const depthMax = 1000;

/** `JSON.stringify`, which throws for bigints, except that these are written as integers. */
function write(value: unknown, key: string, depth: number): string | undefined {
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null || !holdsBigint(value, depth)) {
    return JSON.stringify(value);
  }
  if (hasToJson(value)) return write(value.toJSON(key), key, depth + 1);
  if (Array.isArray(value)) {
    return `[${value.map((item, i) => write(item, String(i), depth + 1) ?? "null").join(",")}]`;
  }
  const members = Object.entries(value).flatMap(([name, member]) => {
    const text = write(member, name, depth + 1);
    return text === undefined ? [] : [`${JSON.stringify(name)}:${text}`];
  });
  return `{${members.join(",")}}`;
}

function holdsBigint(value: unknown, depth: number): boolean {
  if (typeof value === "bigint") return true;
  if (typeof value !== "object" || value === null) return false;
  if (depth > depthMax) throw new RangeError("it is nested too deeply");
  if (hasToJson(value)) return holdsBigint(value.toJSON(""), depth + 1);
  return Object.values(value).some((member) => holdsBigint(member, depth + 1));
}

function hasToJson(value: object): value is { toJSON(key: string): unknown } {
  return "toJSON" in value && typeof value.toJSON === "function";
}
