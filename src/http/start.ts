/** Where a reader wants to start, as the faces spell it. */
import { invalidField, quoted } from "../core/failure.ts";
import { parsePosition, type Position } from "../core/position.ts";

/** `tail`: the newest n records, then live. */
export type WantedStart = Position | "earliest" | "live" | { readonly tail: number };

export const tailMax = 1000;

/** `Last-Event-ID` wins over `?after=`, that over `?tail=`; with none of them it starts live. */
export function parseStart(lastEventId: string | undefined, query: URLSearchParams): WantedStart {
  if (lastEventId !== undefined && lastEventId !== "") return parsePosition(lastEventId);
  const after = query.get("after");
  if (after !== null) return after === "earliest" ? "earliest" : parsePosition(after);
  const tail = query.get("tail");
  return tail === null ? "live" : { tail: parseCount("tail", tail, tailMax) };
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
