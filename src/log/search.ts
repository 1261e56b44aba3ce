/**
 * A search for the events of a topic, or of one key of it. It has a budget, because a rare key may be
 * anywhere in a topic: past it the search ends early, and says how far it came. It always comes some
 * way, so that callers who go on from there reach the end.
 */

import type { Semaphore } from "../core/budget/semaphore.ts";
import type { Turn } from "../core/budget/turn.ts";
import type { Clock } from "../core/clock.ts";
import { failureFrom } from "../core/failure.ts";
import type { Bounds, Log, LogBatch } from "../core/log.ts";
import type { EventCounter, PageSize } from "../core/page.ts";
import { NewestEvents } from "../core/page.ts";
import { comparePositions, parsePosition, type Position } from "../core/position.ts";
import { endType, recordBytes, type StoredRecord } from "../core/record.ts";

export interface SearchDeps {
  readonly log: Pick<Log, "read">;
  readonly clock: Clock;
  readonly turn: Turn;
  readonly signal: AbortSignal | undefined;
  /** Bounds the searches that go far. */
  readonly far: Semaphore;
  readonly searchMs: number;
}

export interface Searched {
  readonly topic: string;
  readonly key: string | undefined;
  readonly bounds: Bounds;
}

export interface SearchedBatch {
  readonly records: readonly StoredRecord[];
  /** It covers what lies after this position. */
  readonly after: Position;
  /** … up to this one. */
  readonly through: Position;
}

type Visit = (stored: StoredRecord) => boolean;

/** Steps of a search that are not far: nearly every page needs no more. */
const nearSteps = 4;

export class Search implements Disposable {
  /** The topic's own, when the search began. */
  readonly bounds: Bounds;
  readonly #deps: SearchDeps;
  readonly #searched: Searched;
  #droppedTo: Position;
  #endsMs: number;
  #steps = 0;
  #permit: Disposable | undefined;

  constructor(deps: SearchDeps, searched: Searched) {
    this.#deps = deps;
    this.#searched = searched;
    this.bounds = searched.bounds;
    this.#droppedTo = searched.bounds.start;
    this.#endsMs = deps.clock.nowMs() + deps.searchMs;
  }

  /** The records up to here are no longer kept, as far as the search has seen. */
  get droppedTo(): Position {
    return this.#droppedTo;
  }

  /** Whether anything that the search has passed was dropped since. */
  get hasDropped(): boolean {
    return comparePositions(this.#droppedTo, this.bounds.start) > 0;
  }

  isKept(position: Position): boolean {
    return comparePositions(position, this.#droppedTo) > 0;
  }

  /** The position, or where the records that are kept begin if that is later. */
  orKept(position: Position): Position {
    return this.isKept(position) ? position : this.#droppedTo;
  }

  /** Without what was found and dropped since: there would be a gap behind it. */
  kept<Event extends { readonly position: Position }>(found: readonly Event[]): readonly Event[] {
    return this.hasDropped ? found.filter(({ position }) => this.isKept(position)) : found;
  }

  get isSpent(): boolean {
    return this.#deps.clock.nowMs() >= this.#endsMs;
  }

  /** Milliseconds that it has worked, without those that it has waited for its turns. */
  get workedMs(): number {
    const { clock, turn } = this.#deps;
    return clock.nowMs() - turn.waitedMs;
  }

  /** Milliseconds of work that one step may take if a shorter one is possible. */
  get stepMsMax(): number {
    return this.#deps.searchMs / 4;
  }

  /** Before each step; one that goes far waits for its permit. Throws `overloaded`. */
  async step(): Promise<void> {
    if (++this.#steps !== nearSteps + 1) return;
    const { far, clock, signal } = this.#deps;
    const sinceMs = clock.nowMs();
    this.#permit = await far.acquire(signal);
    this.#endsMs += clock.nowMs() - sinceMs;
  }

  /**
   * Visits the events after `low` and up to `high`, until `visit` returns false, or `isOver` does
   * between two batches. Returns the position up to which it came.
   */
  async range(
    low: Position,
    high: Position,
    visit: Visit,
    isOver: () => boolean,
  ): Promise<Position> {
    if (comparePositions(low, high) >= 0) return high;
    const { turn } = this.#deps;
    let visited = 0;
    for await (const { records, through } of this.#read(low, high)) {
      for (const stored of records) {
        if ((++visited & 63) === 0 && turn.isOver) await turn.next();
        if (comparePositions(stored.position, low) <= 0) continue;
        if (comparePositions(stored.position, high) > 0) return high;
        if (stored.record.contentType !== endType && !visit(stored)) return stored.position;
      }
      if (isOver()) return through;
      if (turn.isOver) await turn.next();
    }
    // A log ends a read without a failure when its caller has left.
    turn.requireCaller();
    return high;
  }

  /** The records after `low` and up to `high` as the log returns them. */
  async *batches(low: Position, high: Position): AsyncGenerator<SearchedBatch> {
    if (comparePositions(low, high) >= 0) return;
    const { turn } = this.#deps;
    let after = low;
    for await (const { records, through } of this.#read(low, high)) {
      const isPast = comparePositions(through, high) > 0;
      yield {
        records: records.filter(
          ({ position }) =>
            comparePositions(position, low) > 0 && comparePositions(position, high) <= 0,
        ),
        after,
        through: isPast ? high : through,
      };
      if (isPast) return;
      after = through;
      if (turn.isOver) await turn.next();
    }
    turn.requireCaller();
  }

  get turn(): Turn {
    return this.#deps.turn;
  }

  /** What the topic's retention drops during the search is passed over. */
  async *#read(low: Position, high: Position): AsyncGenerator<LogBatch> {
    let after = low;
    while (comparePositions(after, high) < 0) {
      try {
        for await (const batch of this.#readOnce(after, high)) {
          yield batch;
          after = batch.through;
        }
        return;
      } catch (error) {
        const start = keptFrom(error);
        if (start === undefined || comparePositions(start, after) <= 0) throw error;
        this.#droppedTo = after = start;
      }
    }
  }

  #readOnce(after: Position, until: Position): AsyncIterable<LogBatch> {
    const { log, turn, signal } = this.#deps;
    const { topic, key } = this.#searched;
    return log.read(topic, {
      ...{ after, until, turn },
      ...(key === undefined ? {} : { key }),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  [Symbol.dispose](): void {
    this.#permit?.[Symbol.dispose]();
  }
}

/** Where the records that are kept begin, if the error says that those before are not. */
function keptFrom(error: unknown): Position | undefined {
  const { code, position } = failureFrom(error);
  return code === "position_gone" && position !== undefined ? parsePosition(position) : undefined;
}

/** Each window reaches four times as far: a rare key takes few steps, a dense one only short ones. */
const growth = 4;

/**
 * Visits the events after `low` until `visit` returns false: in windows, the first of `width`
 * sequences, because a log returns far more at once than a page has. Returns where the search ended
 * early: what lies beyond is not known.
 */
export async function visitForward(
  search: Search,
  low: Position,
  width: number,
  visit: Visit,
): Promise<Position | undefined> {
  const { end } = search.bounds;
  let isEnough = false;
  const visitUntilEnough = (stored: StoredRecord) => {
    isEnough = !visit(stored);
    return !isEnough;
  };
  let reach = width;
  for (let at = low; !isEnough && comparePositions(at, end) < 0; reach *= growth) {
    if (search.isSpent && comparePositions(at, low) > 0) return at;
    await search.step();
    const high = stepOn(at, reach, end);
    at = await search.range(at, high, visitUntilEnough, () => search.isSpent);
  }
  return undefined;
}

export function stepOn(from: Position, width: number, end: Position): Position {
  const high = { epoch: from.epoch, sequence: from.sequence + width, index: 0 };
  return comparePositions(high, end) < 0 ? high : end;
}

export interface Newest {
  readonly size: PageSize;
  readonly counter: EventCounter;
  /** Events from the first that does not match on are ignored. */
  readonly matches?: (stored: StoredRecord) => boolean;
  /** What is kept of an event. */
  readonly as?: (stored: StoredRecord) => StoredRecord;
  /** Sequences of the first window, at least; as many as fit in the size when left out. */
  readonly widthMin?: number;
}

export interface Found {
  /** Oldest first; one more than fits in the size, if there is one. */
  readonly events: readonly StoredRecord[];
  /** Where the search ended early: what lies up to here is not known. */
  readonly cutAt: Position | undefined;
}

/** A window that takes too much is given up, and read again so many times shorter. */
const shrinkage = 8;
/** Times the bytes of a page: a window that contains more is read in vain. */
const windowPagesMax = 4;

/** The newest events up to and including `until`. */
export async function findNewest(
  search: Search,
  until: Position,
  { size, counter, matches = () => true, as = (stored) => stored, widthMin = 1 }: Newest,
): Promise<Found> {
  const found = new NewestEvents(size, counter);
  let high = until;
  let width = Math.max(size.limit + 1, widthMin);
  let isGrowing = true;
  while (!found.isFull && comparePositions(high, search.droppedTo) > 0) {
    if (search.isSpent && comparePositions(high, until) < 0) {
      // Nothing is kept up to what was dropped.
      return { events: search.kept(found.events()), cutAt: search.isKept(high) ? high : undefined };
    }
    await search.step();
    const low = stepBack(high, width, search.droppedTo);
    const window = new NewestEvents(size, counter);
    const endsMs = search.workedMs + search.stepMsMax;
    let bytes = 0;
    const isTooMuch = () =>
      width > 1 && (bytes > windowPagesMax * size.bytesMax || search.workedMs > endsMs);
    let isGivenUp = false;
    const visit = (stored: StoredRecord) => {
      if (!matches(stored)) return false;
      window.push(as(stored));
      bytes += recordBytes(stored.record);
      isGivenUp = bytes > windowPagesMax * size.bytesMax && isTooMuch();
      return !isGivenUp;
    };
    const reached = await search.range(low, high, visit, () => (isGivenUp = isTooMuch()));
    // What it did not come to is newer than what it found.
    if (isGivenUp && comparePositions(reached, high) < 0) {
      window.release();
      width = Math.max(1, Math.floor(width / shrinkage));
      isGrowing = false;
      continue;
    }
    found.prepend(window);
    high = low;
    if (isGrowing) width *= growth;
  }
  return { events: search.kept(found.events()), cutAt: undefined };
}

export function stepBack(from: Position, width: number, start: Position): Position {
  const low = { epoch: from.epoch, sequence: from.sequence - width, index: 0 };
  return comparePositions(low, start) > 0 ? low : start;
}
