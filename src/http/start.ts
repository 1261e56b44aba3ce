/** Where a reader wants to start, as the faces spell it. */
import { invalidField, quoted } from "../core/failure.ts";
import type { Log } from "../core/log.ts";
import { parsePosition } from "../core/position.ts";
import type { RequestedStart, Start } from "../hub/subscriber.ts";
import { tailStart } from "../log/pages.ts";

export const tailMax = 1000;

/** `Last-Event-ID` wins over `?after=`, that over `?tail=`; with none of them it starts live. */
export function parseStart(
  lastEventId: string | undefined,
  query: URLSearchParams,
): RequestedStart {
  if (lastEventId !== undefined && lastEventId !== "") return parsePosition(lastEventId);
  const after = query.get("after");
  if (after !== null) return after === "earliest" ? "earliest" : parsePosition(after);
  const tail = query.get("tail");
  return tail === null ? "live" : { tail: parseCount("tail", tail, tailMax) };
}

/** Where to start on a topic, or one key of it. */
export async function topicStart(
  log: Pick<Log, "read" | "bounds">,
  topic: string,
  key: string | undefined,
  requested: RequestedStart,
): Promise<Start> {
  if (typeof requested === "string" || !("tail" in requested)) return requested;
  return await tailStart(log, topic, key, requested.tail);
}

/** A whole number from 0 (or `min`) to `max`. Throws `invalid` naming the field. */
export function parseCount(field: string, given: string, max: number, min = 0): number {
  const value = /^\d{1,9}$/.test(given) ? Number(given) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw invalidField(
    field,
    `Cannot use ${field} ${quoted(given)}: expected a whole number from ${min} to ${max}`,
  );
}

/** `true` or `false`; false when it is left out. Throws `invalid` naming the field. */
export function parseFlag(field: string, given: string | undefined): boolean {
  if (given === undefined || given === "false") return false;
  if (given === "true") return true;
  throw invalidField(field, `Cannot use ${field} ${quoted(given)}: expected true or false`);
}
