/** The rows of the timeline: what was seen and what is missing, in one order. */

import { nsFromTime } from "../../../kit/time-text.ts";
import type { SeenEvent } from "../api.ts";
import type { Ghost } from "./ghosts.ts";

export const clocks = ["told", "received", "both"] as const;
export type Clock = (typeof clocks)[number];

export interface Span {
  readonly fromNs: bigint;
  readonly toNs: bigint;
}

export interface SeenRow {
  readonly kind: "seen";
  readonly seen: SeenEvent;
  readonly told: Span;
  /** Undefined for events from before times of receipt were kept. */
  readonly received: Span | undefined;
  /** Since the row before; undefined for the first. By the clock that is shown. */
  readonly gapNs: bigint | undefined;
}

export interface GhostRow {
  readonly kind: "ghost";
  readonly ghost: Ghost;
}

export type Row = SeenRow | GhostRow;

/** Seen events by the clock that is shown; each missing one behind the expected stage before it. */
export function rowsOf(
  events: readonly SeenEvent[],
  ghosts: readonly Ghost[],
  clock: Clock,
): readonly Row[] {
  const seen = events
    .map((one) => ({ seen: one, told: toldSpan(one), received: receivedSpan(one) }))
    .toSorted((a, b) => (startOf(a, clock) < startOf(b, clock) ? -1 : 1));
  const rows: Row[] = seen.map((one, i) => {
    const before = seen[i - 1];
    const gapNs = before && startOf(one, clock) - startOf(before, clock);
    return { kind: "seen", ...one, gapNs };
  });
  for (const ghost of ghosts) {
    const at = rows.findIndex((row) => nameOf(row) === ghost.after);
    rows.splice(ghost.after === undefined ? 0 : at + 1, 0, { kind: "ghost", ghost });
  }
  return rows;
}

export function nameOf(row: Row): string {
  return row.kind === "seen" ? row.seen.event : row.ghost.event;
}

/** Every time that the drawing of the rows needs. */
export function timesOf(rows: readonly Row[], clock: Clock): readonly bigint[] {
  return rows.flatMap((row) => {
    if (row.kind === "ghost") return known([row.ghost.usualNs, row.ghost.latestNs]);
    const spans = [
      clock === "received" && row.received !== undefined ? undefined : row.told,
      clock === "told" ? undefined : row.received,
    ];
    return spans.flatMap((span) => (span === undefined ? [] : [span.fromNs, span.toNs]));
  });
}

function known(times: readonly (bigint | undefined)[]): bigint[] {
  return times.filter((time) => time !== undefined);
}

/** An event without a time of receipt is at the time of its service. */
function startOf({ told, received }: Pick<SeenRow, "told" | "received">, clock: Clock): bigint {
  return clock === "received" ? (received ?? told).fromNs : told.fromNs;
}

function toldSpan({ first_at, last_at }: SeenEvent): Span {
  return { fromNs: nsFromTime(first_at), toNs: nsFromTime(last_at) };
}

function receivedSpan({ received_first_at: first, received_last_at: last }: SeenEvent) {
  if (first === null || last === null) return undefined;
  return { fromNs: nsFromTime(first), toNs: nsFromTime(last) };
}
