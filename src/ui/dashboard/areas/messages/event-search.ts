/**
 * The events of one message: live ones from the socket, and the earlier ones from pages of the topic.
 * Pages go back through a bounded number of records each, so that a page may be empty although events
 * of the message are further back.
 */

import { Refused, request } from "../../../http.ts";
import { type LiveReading, readLive } from "../../shell/live.ts";
import { type Entry, entryFromEvent, entryFromRecord, type PageRecord } from "./events.ts";

export interface SearchState {
  /** The newest first. */
  readonly entries: readonly Entry[];
  readonly state: "loading" | "live" | "refused";
  readonly isSearching: boolean;
  /** Whether earlier events may be further back. */
  readonly hasOlder: boolean;
  readonly failure: string | undefined;
}

interface RecordPage {
  readonly events: readonly PageRecord[];
  readonly prev: string | null;
}

/** Entries that are loaded before the reader asks for more. */
const newest = 200;
/** Pages that one search goes back through: some seconds. */
const pagesPerSearch = 12;
/** Entries kept; beyond it none are loaded. */
const entriesMax = 20_000;
const drawMs = 100;
/** Until a search that the gateway did not answer goes on. */
const retryMs = 2000;

export interface SearchOptions {
  readonly messageId: string;
  /** Whether the pages of the topic may be read; otherwise the socket brings the newest ones. */
  readonly mayReadTopic: boolean;
  readonly onChange: (state: SearchState) => void;
  /** Called for events that come live. */
  readonly onEvent: () => void;
}

export class EventSearch {
  readonly #options: SearchOptions;
  readonly #reading: LiveReading;
  readonly #known = new Set<string>();
  #live: Entry[] = [];
  #earlier: Entry[] = [];
  #before: string | null | undefined;
  #expected: number | undefined;
  #enough = newest;
  #isSearching = false;
  #isClosed = false;
  #state: SearchState["state"] = "loading";
  #failure: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #hasNew = false;

  constructor(options: SearchOptions) {
    this.#options = options;
    const { messageId, mayReadTopic } = options;
    this.#reading = readLive(
      { message: messageId },
      mayReadTopic ? "live" : { tail: newest },
      {
        event: (event) => this.#add(entryFromEvent(event)),
        reset: ({ position, reason }) => this.#add({ position, gap: reason }),
        ready: () => {
          this.#state = "live";
          this.#draw();
          if (mayReadTopic && this.#before === undefined) void this.#search();
        },
        over: (error) => {
          this.#state = "refused";
          this.#failure = error?.message ?? "The stream has ended";
          this.#draw();
        },
      },
      { details: true },
    );
  }

  /** How many events its lifecycles count: the search ends when it has them all. */
  expect(count: number): void {
    const isMore = this.#expected === undefined || count > this.#expected;
    this.#expected = count;
    if (isMore && this.#before !== undefined) void this.#search();
  }

  loadOlder(): void {
    this.#enough = this.#count + newest;
    void this.#search();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#retry);
    this.#reading.close();
  }

  get #count(): number {
    return this.#live.length + this.#earlier.length;
  }

  get #hasAll(): boolean {
    return this.#expected !== undefined && this.#count >= this.#expected;
  }

  async #search(): Promise<void> {
    if (this.#isSearching || this.#before === null) return;
    this.#isSearching = true;
    this.#draw();
    try {
      for (let pages = 0; pages < pagesPerSearch; pages++) {
        if (this.#isClosed || this.#before === null || this.#hasAll) break;
        if (this.#count >= Math.min(this.#enough, entriesMax)) break;
        const page: RecordPage = await request(this.#pagePath());
        this.#before = page.prev;
        const fresh = page.events.filter(({ position }) => !this.#known.has(position));
        for (const { position } of fresh) this.#known.add(position);
        this.#earlier.push(...fresh.toReversed().map(entryFromRecord));
        this.#failure = undefined;
        this.#draw();
      }
    } catch (error) {
      this.#failure = error instanceof Error ? error.message : String(error);
      if (error instanceof Refused && error.isPassing && !this.#isClosed) {
        clearTimeout(this.#retry);
        this.#retry = setTimeout(() => void this.#search(), retryMs);
      }
    } finally {
      this.#isSearching = false;
      this.#draw();
    }
  }

  #pagePath(): string {
    const query = new URLSearchParams({
      key: this.#options.messageId,
      limit: String(newest),
      details: "true",
    });
    if (typeof this.#before === "string") query.set("before", this.#before);
    return `/v1/topics/lifecycle/records?${query}`;
  }

  #add(entry: Entry): void {
    if (this.#known.has(entry.position)) return;
    this.#known.add(entry.position);
    this.#live.push(entry);
    this.#hasNew = true;
    this.#draw();
  }

  #draw(): void {
    if (this.#isClosed) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const { onChange, onEvent, mayReadTopic } = this.#options;
      if (this.#hasNew) onEvent();
      this.#hasNew = false;
      onChange({
        entries: [...this.#live.toReversed(), ...this.#earlier],
        state: this.#state,
        isSearching: this.#isSearching,
        hasOlder: mayReadTopic && typeof this.#before === "string" && !this.#hasAll,
        failure: this.#failure,
      });
    }, drawMs);
  }
}
