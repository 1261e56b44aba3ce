/**
 * A page: some events of a stream, oldest first, and where the pages beside it begin. What every
 * source of pages shares is here: what fits in a page, and how `next` and `prev` follow from what was
 * found.
 */

import { Failure } from "./failure.ts";
import { comparePositions, type Position, renderPosition } from "./position.ts";
import { recordBytes, type StoredRecord } from "./record.ts";

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

/** What a page may contain: a number of events, and of bytes, but one event at least. */
export interface PageSize {
  readonly limit: number;
  readonly bytesMax: number;
}

export const pageLimitDefault = 100;
/** A phone can still handle an answer of 1,000 events of a few hundred bytes. */
export const pageLimitMax = 1000;

/**
 * The first `limit` of a list of which one more was requested. `last`: the last of them, where more
 * follow.
 */
export function cutList<Item>(
  found: readonly Item[],
  limit: number,
): { readonly items: readonly Item[]; readonly last: Item | undefined } {
  const items = found.slice(0, limit);
  return { items, last: found.length > limit ? items.at(-1) : undefined };
}

export const emptyPage: Page = { events: [], next: null, prev: null };

/** Counts the bytes of events while they are kept; throws where they are too many. */
export interface EventCounter {
  take(bytes: number): void;
  release(bytes: number): void;
}

export const uncounted: EventCounter = { take() {}, release() {} };

/** The oldest events that are found: those of a page, and one more that tells whether anything follows. */
export class OldestEvents {
  readonly events: StoredRecord[] = [];
  readonly #size: PageSize;
  readonly #counter: EventCounter;
  #bytes = 0;

  constructor(size: PageSize, counter: EventCounter) {
    this.#size = size;
    this.#counter = counter;
  }

  /** More than fits was found. */
  get isFull(): boolean {
    const { length } = this.events;
    return length > this.#size.limit || (length > 1 && this.#bytes > this.#size.bytesMax);
  }

  push(stored: StoredRecord): void {
    const bytes = recordBytes(stored.record);
    this.#counter.take(bytes);
    this.#bytes += bytes;
    this.events.push(stored);
  }
}

/** The newest events that are found, pushed from the oldest on: those of a page, and one more. */
export class NewestEvents {
  readonly #size: PageSize;
  readonly #counter: EventCounter;
  #events: StoredRecord[] = [];
  #head = 0;
  #bytes = 0;

  constructor(size: PageSize, counter: EventCounter) {
    this.#size = size;
    this.#counter = counter;
  }

  get isFull(): boolean {
    const { limit, bytesMax } = this.#size;
    return this.#count > limit || (this.#count > 1 && this.#bytes > bytesMax);
  }

  get #count(): number {
    return this.#events.length - this.#head;
  }

  /** Drops the oldest that is not needed any more. */
  push(stored: StoredRecord): void {
    const bytes = recordBytes(stored.record);
    this.#counter.take(bytes);
    this.#bytes += bytes;
    this.#events.push(stored);
    while (this.#drop());
  }

  /** The events in front of those that were pushed, as far as they are needed. */
  prepend(earlier: NewestEvents): void {
    const later = this.events();
    this.#events = earlier.events();
    this.#head = 0;
    this.#bytes += earlier.#bytes;
    this.#events.push(...later);
    while (this.#drop());
  }

  /** Oldest first. */
  events(): StoredRecord[] {
    return this.#events.slice(this.#head);
  }

  release(): void {
    this.#counter.release(this.#bytes);
  }

  #drop(): boolean {
    const oldest = this.#events[this.#head];
    if (oldest === undefined) return false;
    const bytes = recordBytes(oldest.record);
    const { limit, bytesMax } = this.#size;
    const isTooMany = this.#count > limit + 1;
    if (!isTooMany && (this.#count <= 2 || this.#bytes - bytes <= bytesMax)) return false;
    this.#counter.release(bytes);
    this.#bytes -= bytes;
    this.#head++;
    if (this.#head > 32 && this.#head * 2 > this.#events.length) {
      this.#events = this.events();
      this.#head = 0;
    }
    return true;
  }
}

/** Number of the events, from the first on, that fit in a page. */
function fitting(events: Iterable<StoredRecord>, { limit, bytesMax }: PageSize): number {
  let count = 0;
  let bytes = 0;
  for (const { record } of events) {
    bytes += recordBytes(record);
    if (count === limit || (count > 0 && bytes > bytesMax)) break;
    count++;
  }
  return count;
}

/**
 * The page after `after`, from what was found after it: more than fits, if there is more, oldest first.
 * `earlier`: whether any event is kept up to and including `after`. `cutAt`: the search has ended early,
 * and what lies after this position is not known.
 */
export function pageFromLater(
  after: Position,
  found: readonly StoredRecord[],
  size: PageSize,
  { earlier, cutAt }: { readonly earlier: boolean; readonly cutAt?: Position | undefined },
): Page {
  const events = found.slice(0, fitting(found, size));
  const first = events[0];
  const last = events.at(-1);
  const hasMore = found.length > events.length && last !== undefined;
  return {
    events,
    next: hasMore ? last.position : (cutAt ?? null),
    // An empty page has no event to name.
    prev: earlier ? (first?.position ?? beyond(after)) : null,
  };
}

/**
 * The page before a position, or the newest, from what was found there: the nearest events, more than
 * fit, if there are more, oldest first. `later`: whether any event is at that position or after it.
 * `floor`: as `after`, the position that gives them if the page is empty. `cutAt`: the search has ended
 * early, and what lies up to this position is not known.
 */
export function pageFromEarlier(
  floor: Position,
  found: readonly StoredRecord[],
  size: PageSize,
  { later, cutAt }: { readonly later: boolean; readonly cutAt?: Position | undefined },
): Page {
  const count = fitting(found.toReversed(), size);
  const events = found.slice(found.length - count);
  const first = events[0];
  const hasMore = found.length > count && first !== undefined;
  const cut = cutAt === undefined ? null : beyond(cutAt);
  return {
    events,
    next: later ? (events.at(-1)?.position ?? floor) : null,
    prev: hasMore ? first.position : cut,
  };
}

/** As `before`, includes the position itself. */
function beyond(position: Position): Position {
  return { ...position, index: position.index + 1 };
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
