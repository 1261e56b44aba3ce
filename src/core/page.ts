/**
 * A page: some events of a stream, oldest first, and where the pages beside it begin. What every
 * source of pages shares is here: how `next` and `prev` follow from what was found.
 */

import { Failure } from "./failure.ts";
import { comparePositions, type Position, renderPosition } from "./position.ts";
import type { StoredRecord } from "./record.ts";

export interface Page {
  /** Oldest first. */
  readonly events: readonly StoredRecord[];
  /** As `after`, gives the later page; null when nothing lies beyond. */
  readonly next: Position | null;
  /** As `before`, gives the earlier page; null when nothing lies beyond. */
  readonly prev: Position | null;
}

/** With neither `after` nor `before` the page ends at the newest event. Never both. */
export interface PageQuery {
  /** Events after this position; `earliest`: from the oldest kept. */
  readonly after?: Position | "earliest";
  /** Events before this position. */
  readonly before?: Position;
  readonly limit: number;
}

export const pageLimitDefault = 100;
/** A phone can still handle an answer of 1,000 events of a few hundred bytes. */
export const pageLimitMax = 1000;

export const emptyPage: Page = { events: [], next: null, prev: null };

/**
 * The page after `after`, from what was found after it: up to `limit` + 1 events, oldest first.
 * `earlier`: whether any event is kept up to and including `after`.
 */
export function pageFromLater(
  after: Position,
  found: readonly StoredRecord[],
  limit: number,
  earlier: boolean,
): Page {
  const events = found.slice(0, limit);
  const first = events[0];
  const last = events.at(-1);
  // An empty page has no event to name: the position just after `after` includes `after` itself.
  const prev = first === undefined ? { ...after, index: after.index + 1 } : first.position;
  return {
    events,
    next: found.length > limit && last !== undefined ? last.position : null,
    prev: earlier ? prev : null,
  };
}

/**
 * The page before a position, or the newest, from what was found there: the nearest events, up to
 * `limit` + 1, oldest first. `later`: whether any event is at that position or after it. `floor` is
 * where the kept events begin.
 */
export function pageFromEarlier(
  floor: Position,
  found: readonly StoredRecord[],
  limit: number,
  later: boolean,
): Page {
  const events = found.slice(-limit);
  const first = events[0];
  // Nothing is kept before the requested position, so all that is kept is at it or after it.
  const next = events.at(-1)?.position ?? floor;
  return {
    events,
    next: later ? next : null,
    prev: found.length > limit && first !== undefined ? first.position : null,
  };
}

/**
 * Throws `position_gone` when the events that follow `after` are not all kept: it lies before
 * `floor`, beyond `end`, or in another incarnation of the topic.
 */
export function checkAfter(after: Position, floor: Position, end: Position): void {
  if (comparePositions(after, floor) < 0 || after.epoch !== floor.epoch) {
    throw positionGone(after, "what follows it is no longer kept", floor);
  }
  if (comparePositions(after, end) > 0) throw positionGone(after, "it lies beyond the end", end);
}

/** The same for `before`. A position beyond the end requests the newest events. */
export function checkBefore(before: Position, floor: Position): void {
  const order = comparePositions(before, floor);
  // The event at the floor itself was dropped, except for sequence 0, which is the beginning.
  if (order < 0 || (order === 0 && floor.sequence > 0) || before.epoch !== floor.epoch) {
    throw positionGone(before, "what precedes it is no longer kept", floor);
  }
}

function positionGone(position: Position, why: string, restart: Position): Failure {
  const token = renderPosition(position);
  return new Failure(
    "position_gone",
    `Cannot read from position "${token}": ${why}, expected one from "${renderPosition(restart)}" on`,
    { position: renderPosition(restart) },
  );
}
