/**
 * Pages of what a filter lets through. A filter may match anywhere or nowhere, so a scan has a budget of
 * time and of bytes; where it ends it says what it has looked at, and the next one goes on from there.
 */

import type { RecordFilter } from "../core/filter/record-filter.ts";
import type { Bounds } from "../core/log.ts";
import { checkAfter, checkBefore, type EventCounter, type PageQuery } from "../core/page.ts";
import { comparePositions, type Position } from "../core/position.ts";
import { endType, type StoredRecord } from "../core/record.ts";
import type { MaybePromise } from "../core/schemas.ts";
import { aboutKept, type Tallied, Tally } from "./scan-tally.ts";
import { type Found, Window } from "./scan-window.ts";
import { type Search, type SearchedBatch, stepBack, stepOn } from "./search.ts";

/** What a scan makes of the records that match: the text that is sent. */
export interface ScanView {
  readonly filter: RecordFilter | undefined;
  /** One text for each, in their order. */
  render(records: readonly StoredRecord[]): MaybePromise<readonly string[]>;
}

/** What a page may contain, and what counts it while it is made. */
export interface ScanBounds {
  readonly limit: number;
  /** Length of its texts; one is always kept. */
  readonly bytesMax: number;
  readonly counter: EventCounter;
}

export interface ScanPage extends Tallied {
  /** Oldest first. */
  readonly events: readonly string[];
  /** As `after`, goes on to later records; null at the end. */
  readonly next: Position | null;
  /** As `before`, goes on to earlier records; null where none are kept. */
  readonly prev: Position | null;
  /** The topic's own, when the scan began. */
  readonly bounds: Bounds;
  /** About how many records the topic keeps. */
  readonly kept: number;
}

/** Bytes of the records that one scan looks at. */
const scannedBytesMax = 256 * 1024 * 1024;
const growth = 4;
/** A window as long as what fitted into the time may take too long as well. */
const shrinkage = 2;

export async function scanPage(
  search: Search,
  query: PageQuery,
  view: ScanView,
  bounds: ScanBounds,
): Promise<ScanPage> {
  const scan = new Scan(search, view, bounds);
  return query.after === undefined
    ? await scan.earlier(query.before)
    : await scan.later(query.after);
}

class Scan {
  readonly #search: Search;
  readonly #view: ScanView;
  readonly #bounds: ScanBounds;
  readonly #tally = new Tally();
  #bytes = 0;

  constructor(search: Search, view: ScanView, bounds: ScanBounds) {
    this.#search = search;
    this.#view = view;
    this.#bounds = bounds;
  }

  get #isSpent(): boolean {
    return this.#search.isSpent || this.#tally.bytes > scannedBytesMax;
  }

  async later(query: Position | "earliest"): Promise<ScanPage> {
    const { start, end } = this.#search.bounds;
    const from = query === "earliest" ? start : query;
    checkAfter(from, start, end);
    const events: Found[] = [];
    let at = from;
    let isFull = false;
    let reach = this.#bounds.limit + 1;
    while (!isFull && comparePositions(at, end) < 0) {
      if (this.#isSpent && comparePositions(at, from) > 0) break;
      await this.#search.step();
      const high = stepOn(at, reach, end);
      reach *= growth;
      let isCut = false;
      for await (const batch of this.#search.batches(at, high)) {
        const fullAt = await this.#takeOldest(batch, events);
        isFull = fullAt !== undefined;
        at = fullAt ?? batch.through;
        isCut = isFull || this.#isSpent;
        if (isCut) break;
      }
      if (!isCut) at = high;
    }
    // Without a position the page begins with the oldest record that is kept, whichever that is by now.
    if (query !== "earliest") checkAfter(from, this.#search.droppedTo, end);
    return this.#page(this.#search.kept(events), {
      next: comparePositions(at, end) < 0 ? this.#search.orKept(at) : null,
      prev: comparePositions(from, start) > 0 ? beyond(from) : null,
    });
  }

  /** Returns where the page is full; only what is up to there is counted then. */
  async #takeOldest(batch: SearchedBatch, events: Found[]): Promise<Position | undefined> {
    const { limit, bytesMax } = this.#bounds;
    const { counted, found } = await this.#look(batch.records, limit - events.length);
    let last: Position | undefined;
    let isFull = false;
    for (const one of found) {
      isFull = events.length > 0 && this.#bytes + one.text.length > bytesMax;
      if (isFull) break;
      this.#keep(one);
      events.push(one);
      last = one.position;
    }
    if (!isFull && events.length < limit) {
      this.#tally.add(batch.records, counted);
      return undefined;
    }
    const fullAt = last ?? batch.after;
    const seen = batch.records.filter(({ position }) => !isAfter(position, fullAt));
    this.#tally.add(seen, await this.#apply(seen));
    return fullAt;
  }

  async earlier(before: Position | undefined): Promise<ScanPage> {
    const { start, end } = this.#search.bounds;
    if (before !== undefined) checkBefore(before, start);
    const until = before === undefined || comparePositions(before, end) > 0 ? end : before;
    const events: Found[] = [];
    let high = until;
    let width = this.#bounds.limit + 1;
    let cut: Position | undefined;
    while (cut === undefined && this.#search.isKept(high)) {
      if (this.#isSpent && comparePositions(high, until) < 0) break;
      await this.#search.step();
      const low = stepBack(high, width, this.#search.droppedTo);
      const sinceMs = this.#search.workedMs;
      const window = new Window(
        this.#bounds.limit - events.length,
        this.#bounds.bytesMax - this.#bytes,
      );
      const reached = await this.#readWindow(window, { low, high, before, isShort: width === 1 });
      const tookMs = this.#search.workedMs - sinceMs;
      if (reached !== undefined) {
        this.#release(window.events);
        width = Math.max(1, Math.floor((reached.sequence - low.sequence) / shrinkage));
        continue;
      }
      high = low;
      cut = await this.#settle(window, events, { before, isLowest: !this.#search.isKept(low) });
      if (tookMs * growth < this.#search.stepMsMax) width *= growth;
    }
    if (before !== undefined) checkBefore(before, this.#search.droppedTo);
    const isLater = before !== undefined && comparePositions(before, end) <= 0;
    const rest = this.#search.isKept(high) ? beyond(high) : null;
    if (cut !== undefined && !this.#search.isKept(cut)) cut = undefined;
    return this.#page(this.#search.kept(events), {
      next: isLater ? (this.#tally.last?.position ?? entryBefore(before, start)) : null,
      prev: cut ?? rest,
    });
  }

  #page(events: readonly Found[], ends: Pick<ScanPage, "next" | "prev">): ScanPage {
    const { bounds } = this.#search;
    const { scanned, undecodable, failed, failure, first, last } = this.#tally;
    return {
      ...{ ...ends, bounds, scanned, undecodable, failed, failure, first, last },
      events: events.map(({ text }) => text),
      kept: aboutKept(bounds, this.#tally),
    };
  }

  /** One that takes too long is given up for a shorter one: returns how far it came. */
  async #readWindow(
    window: Window,
    range: {
      readonly low: Position;
      readonly high: Position;
      readonly before: Position | undefined;
      readonly isShort: boolean;
    },
  ): Promise<Position | undefined> {
    const { low, high, before, isShort } = range;
    const endsMs = this.#search.workedMs + this.#search.stepMsMax;
    for await (const batch of this.#search.batches(low, high)) {
      const records =
        before === undefined
          ? batch.records
          : batch.records.filter(({ position }) => isAfter(before, position));
      const { counted, found } = await this.#look(records, Number.POSITIVE_INFINITY);
      for (const one of found) this.#keep(one);
      this.#release(window.add(found));
      const tally = new Tally();
      tally.add(records, counted);
      const { after, through } = batch;
      window.batches.push({ after, through, tally });
      if (isShort || this.#search.workedMs <= endsMs) continue;
      if (comparePositions(through, high) < 0) return through;
    }
    return undefined;
  }

  /** Puts a window in front of the events. Returns the oldest event's position where the page is full. */
  async #settle(
    window: Window,
    events: Found[],
    { before, isLowest }: { readonly before: Position | undefined; readonly isLowest: boolean },
  ): Promise<Position | undefined> {
    events.unshift(...window.events);
    const oldest = events[0]?.position;
    const { limit, bytesMax } = this.#bounds;
    const isFull = !isLowest && (events.length >= limit || this.#bytes > bytesMax);
    const cut = window.isCut || isFull ? oldest : undefined;
    for (const { after, through, tally } of window.batches.toReversed()) {
      if (cut === undefined || !isAfter(cut, after)) this.#tally.prepend(tally);
      else if (!isAfter(cut, through)) {
        this.#tally.prepend(await this.#recount(after, through, { from: cut, before }));
      }
    }
    return cut;
  }

  /** What a batch contains from a position on. It is read again, because windows keep no records. */
  async #recount(
    after: Position,
    through: Position,
    { from, before }: { readonly from: Position; readonly before: Position | undefined },
  ): Promise<Tally> {
    const tally = new Tally();
    for await (const { records } of this.#search.batches(after, through)) {
      const seen = records.filter(
        ({ position }) =>
          !isAfter(from, position) && (before === undefined || isAfter(before, position)),
      );
      tally.add(seen, await this.#apply(seen));
    }
    return tally;
  }

  async #look(records: readonly StoredRecord[], max: number) {
    const filtered = await this.#apply(records);
    const matching = filtered.records
      .filter(({ record }) => record.contentType !== endType)
      .slice(0, Math.max(0, max));
    const texts = await this.#view.render(matching);
    const found = matching.map(({ position }, i): Found => ({ position, text: texts[i] ?? "" }));
    return { counted: filtered, found };
  }

  async #apply(records: readonly StoredRecord[]) {
    const { filter } = this.#view;
    if (filter === undefined) return { records, ...nothingWrong };
    return await filter.apply(records, this.#search.turn);
  }

  #keep({ text }: Found): void {
    this.#bounds.counter.take(text.length);
    this.#bytes += text.length;
  }

  #release(dropped: readonly Found[]): void {
    for (const { text } of dropped) {
      this.#bounds.counter.release(text.length);
      this.#bytes -= text.length;
    }
  }
}

const nothingWrong = { undecodable: 0, failed: 0, failure: undefined };

function isAfter(a: Position, b: Position): boolean {
  return comparePositions(a, b) > 0;
}

/** As `before`, includes the position itself. */
function beyond(position: Position): Position {
  return { ...position, index: position.index + 1 };
}

/** As `after`, gives the record at `position`, and perhaps some that precede it. */
function entryBefore({ epoch, sequence }: Position, start: Position): Position {
  const before = { epoch, sequence: sequence - 1, index: 0 };
  return isAfter(before, start) ? before : start;
}
