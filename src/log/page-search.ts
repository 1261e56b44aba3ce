/** What pages look for in the part of a topic that a search covers. */

import { uncounted } from "../core/page.ts";
import { comparePositions, type Position } from "../core/position.ts";
import type { StoredRecord } from "../core/record.ts";
import { findNewest, type Newest, type Search, visitForward } from "./search.ts";

export interface EventsBefore {
  /** Oldest first; one more than fits in the size, if there is one. */
  readonly events: readonly StoredRecord[];
  /** Whether any event is at the position or after it; true as well where the search ended early. */
  readonly later: boolean;
  /** As `after`, the position that gives what is later, if there are no events. */
  readonly floor: Position;
  /** Where the search ended early: what lies up to here is not known. */
  readonly cutAt: Position | undefined;
}

/** The newest events before the position, or of all. */
export async function eventsBefore(
  search: Search,
  before: Position | undefined,
  options: Omit<Newest, "matches">,
): Promise<EventsBefore> {
  const { start, end } = search.bounds;
  if (before === undefined) {
    const found = await findNewest(search, end, options);
    return { ...found, later: false, floor: search.droppedTo };
  }
  const isBefore = (stored: StoredRecord) => comparePositions(stored.position, before) < 0;
  const until = comparePositions(before, end) > 0 ? end : before;
  const { events, cutAt } = await findNewest(search, until, { ...options, matches: isBefore });
  let later = false;
  const near = precedes(before, start);
  const unknownAt = await visitForward(search, near, 2, (stored) => {
    later = !isBefore(stored);
    return !later;
  });
  return {
    events,
    later: later || unknownAt !== undefined,
    // If the search ended early, an empty page does not mean that everything is later than `before`.
    floor: cutAt === undefined ? search.droppedTo : near,
    cutAt,
  };
}

/** Whether there is an event up to the position; true as well where the search ends early. */
export async function hasAny(
  search: Search,
  until: Position,
  options: Pick<Newest, "widthMin"> = {},
): Promise<boolean> {
  const size = { limit: 0, bytesMax: Number.POSITIVE_INFINITY };
  const { events, cutAt } = await findNewest(search, until, { ...positionsOnly, ...options, size });
  return cutAt !== undefined || events.length > 0;
}

const noBytes = new Uint8Array(0);
const noHeaders = {};

/** A thousand records may be a gigabyte. */
export const positionsOnly = {
  counter: uncounted,
  as: (stored: StoredRecord): StoredRecord => ({
    ...stored,
    record: { ...stored.record, value: noBytes, headers: noHeaders },
  }),
};

/** A position shortly before `position`, from which few events are read until the one at it. */
function precedes({ epoch, sequence, index }: Position, start: Position): Position {
  const low =
    index > 0 ? { epoch, sequence, index: index - 1 } : { epoch, sequence: sequence - 1, index: 0 };
  return comparePositions(low, start) > 0 ? low : start;
}
