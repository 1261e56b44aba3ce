/**
 * Pages of any topic, from its log. A log reads forward only: the newest events are found by stepping
 * back from the end in growing windows of sequences, each read once.
 */

import { Semaphore } from "../core/budget/semaphore.ts";
import type { Turns } from "../core/budget/turn.ts";
import type { Clock } from "../core/clock.ts";
import type { Bounds, Log } from "../core/log.ts";
import {
  checkAfter,
  checkBefore,
  type EventCounter,
  OldestEvents,
  type Page,
  pageFromEarlier,
  pageFromLater,
  type PageQuery,
  type PageSize,
  uncounted,
} from "../core/page.ts";
import type { Position } from "../core/position.ts";
import { eventsBefore, hasAny, positionsOnly } from "./page-search.ts";
import { type ScanPage, scanPage, type ScanView } from "./scan.ts";
import { findNewest, Search, visitForward } from "./search.ts";

export interface PagesDeps {
  readonly log: Pick<Log, "read" | "bounds">;
  readonly clock: Clock;
  readonly turns: Turns;
  readonly options: PageOptions;
}

export interface PageOptions {
  /** Bytes of the records in one page. */
  readonly bytesMax: number;
  /** Time after which a search ends early. */
  readonly searchMs: number;
}

export const defaultPageOptions: PageOptions = {
  // A thousand events of 4 KB.
  bytesMax: 4 * 1024 * 1024,
  // Some hundred megabytes of records, and well below the timeouts of clients.
  searchMs: 1000,
};

/** They share one event loop: more at once would not be faster. */
const searchesMax = 4;
const searchesWaitingMax = 64;

/** Who asks, and what counts the events that are kept for the answer. */
export interface PageCaller {
  readonly signal?: AbortSignal | undefined;
  readonly counter?: EventCounter;
}

export class Pages {
  readonly #deps: PagesDeps;
  readonly #far = new Semaphore(searchesMax, {
    waitingMax: searchesWaitingMax,
    refusal: `Cannot search the topic: ${searchesMax} searches run and ${searchesWaitingMax} wait, expected fewer at once`,
  });

  constructor(deps: PagesDeps) {
    this.#deps = deps;
  }

  /** Number of searches that go far. */
  get searches(): number {
    return this.#far.used;
  }

  /** Bytes of the records in one page. */
  get bytesMax(): number {
    return this.#deps.options.bytesMax;
  }

  /**
   * A page of the topic, or of one key of it. Throws `not_found` when the topic does not exist,
   * `position_gone`, `overloaded`, `cancelled`, and what the log and the counter throw.
   */
  async read(
    topic: string,
    key: string | undefined,
    query: PageQuery,
    { signal, counter = uncounted }: PageCaller = {},
  ): Promise<Page> {
    using search = await this.#search(topic, key, signal);
    const size = { limit: query.limit, bytesMax: this.bytesMax };
    if (query.after !== undefined) return await pageAfter(search, query.after, size, counter);
    return await pageBefore(search, query.before, size, counter);
  }

  /**
   * A page of what a view shows of the records that its filter lets through, and what was looked at for
   * it. Throws what `read` throws, and what the view throws.
   */
  async scan(
    topic: string,
    key: string | undefined,
    query: PageQuery,
    view: ScanView,
    { signal, counter = uncounted }: PageCaller = {},
  ): Promise<ScanPage> {
    using search = await this.#search(topic, key, signal);
    return await scanPage(search, query, view, {
      limit: query.limit,
      bytesMax: this.bytesMax,
      counter,
    });
  }

  /** The position after which the newest `n` events lie; fewer, where the search ends early. */
  async tailStart(
    topic: string,
    key: string | undefined,
    n: number,
    signal?: AbortSignal,
  ): Promise<Position> {
    using search = await this.#search(topic, key, signal);
    const { end } = search.bounds;
    if (n === 0) return end;
    const size = { limit: n, bytesMax: Number.POSITIVE_INFINITY };
    const { events, cutAt } = await findNewest(search, end, { ...positionsOnly, size });
    const before = events.length > n ? events[0] : undefined;
    return before?.position ?? cutAt ?? search.droppedTo;
  }

  /** A search of a part of the topic, with the time of one page. It is disposed after use. */
  search(topic: string, key: string | undefined, bounds: Bounds, signal?: AbortSignal): Search {
    const { log, clock, turns, options } = this.#deps;
    const { searchMs } = options;
    const turn = turns.open(signal);
    return new Search(
      { log, clock, turn, signal, far: this.#far, searchMs },
      { topic, key, bounds },
    );
  }

  async #search(topic: string, key: string | undefined, signal?: AbortSignal): Promise<Search> {
    return this.search(topic, key, await this.#deps.log.bounds(topic), signal);
  }
}

async function pageAfter(
  search: Search,
  query: Position | "earliest",
  size: PageSize,
  counter: EventCounter,
): Promise<Page> {
  const { start, end } = search.bounds;
  const after = query === "earliest" ? start : query;
  checkAfter(after, start, end);
  const found = new OldestEvents(size, counter);
  const cutAt = await visitForward(search, after, size.limit + 1, (stored) => {
    found.push(stored);
    return !found.isFull;
  });
  if (query === "earliest") return oldestPage(search, found, size, cutAt);
  checkAfter(after, search.droppedTo, end);
  return pageFromLater(after, found.events, size, { earlier: await hasAny(search, after), cutAt });
}

/** Begins with the oldest event that is kept: what was found and dropped since would have a gap behind it. */
function oldestPage(
  search: Search,
  found: OldestEvents,
  size: PageSize,
  cutAt: Position | undefined,
): Page {
  const events = search.kept(found.events);
  const isLess = events.length < found.events.length;
  const reached = cutAt ?? (isLess ? found.events.at(-1)?.position : undefined);
  return pageFromLater(search.droppedTo, events, size, {
    earlier: false,
    cutAt: reached && search.orKept(reached),
  });
}

async function pageBefore(
  search: Search,
  before: Position | undefined,
  size: PageSize,
  counter: EventCounter,
): Promise<Page> {
  const { start } = search.bounds;
  if (before !== undefined) checkBefore(before, start);
  const { events, floor, ...rest } = await eventsBefore(search, before, { size, counter });
  if (before !== undefined) checkBefore(before, search.droppedTo);
  return pageFromEarlier(floor, events, size, rest);
}
