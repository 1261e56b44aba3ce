/**
 * Reads a topic for its page: pages in both directions, a search that says how far it has looked, and
 * the live tail behind them. It holds the rows; what it counts is exact, however often it is drawn.
 */

import { messageOf, Refused, request } from "../../../http.ts";
import { type LiveReading, readLive } from "../../shell/live.ts";
import { type GivenRecord, type Row, rowFromEvent, rowFromPage } from "./record.ts";
import { filterQuery, isFiltered, previewBytes, type RecordsView, startOf } from "./view.ts";

/** Rows that the list holds; the oldest are let go while it follows. */
const rowsMax = 10_000;
/** A reader who has scrolled away keeps what is there, up to so many. */
const rowsHeldMax = 50_000;
const pageRows = 200;
/** Of the first page: it is there at once, and shows how large the records are. */
const firstRows = 8;
/** Of the records of a page: the gateway reads them whole, although a list has only their start. */
const pageBytes = 16 * 1024 * 1024;
/** A search rests once it has found so many more. */
const foundPerSearch = 100;
const drawnEveryMs = 100;
const retryMs = 2000;

interface PageAnswer {
  readonly events: readonly GivenRecord[];
  readonly next: string | null;
  readonly prev: string | null;
  readonly scanned: number;
  readonly undecodable: number;
  readonly failed: number;
  readonly failure?: string;
  readonly covers: { readonly oldest: string; readonly newest: string } | null;
  readonly end: string;
  readonly kept: number;
}

export interface Counts {
  /** Records that came, by pages and live. */
  received: number;
  /** Those that the list has let go. */
  released: number;
  /** What the filter passed over. */
  passed: number;
  undecodable: number;
  /** Records for which the expression has no answer, and why the first has none. */
  failed: number;
  failure: string | undefined;
  gaps: number;
  /** Records that pages have looked at. */
  scanned: number;
  /** About how many records the topic keeps. */
  kept: number;
}

export type Loading = "earlier" | "later" | undefined;
export type Tail = "off" | "waiting" | "on" | "paused" | "over";

export interface ReaderState {
  readonly rows: readonly Row[];
  readonly counts: Readonly<Counts>;
  readonly loading: Loading;
  readonly failure: { readonly message: string; readonly field: string | undefined } | undefined;
  /** Whether there may be records before the first row, and after the last. */
  readonly hasEarlier: boolean;
  readonly hasLater: boolean;
  /** The span of time that was looked at. */
  readonly oldest: string | undefined;
  readonly newest: string | undefined;
  readonly tail: Tail;
  /** Rows that were put in front of the others since the beginning, less those that were let go there. */
  readonly shift: number;
}

export class RecordsReader {
  readonly #topic: string;
  readonly #view: RecordsView;
  readonly #changed: () => void;
  readonly #closed = new AbortController();
  #rows: Row[] = [];
  readonly #counts: Counts = {
    ...{ received: 0, released: 0, passed: 0, undecodable: 0, failed: 0, failure: undefined },
    ...{ gaps: 0, scanned: 0, kept: 0 },
  };
  #prev: string | null = null;
  #next: string | null = null;
  #end: string | undefined;
  #oldest: string | undefined;
  #newest: string | undefined;
  #loading: Loading;
  /** The first search was stopped before its first answer. */
  #unread: { readonly direction: "earlier" | "later" } | undefined;
  #stop = new AbortController();
  #failure: ReaderState["failure"];
  #tail: Tail;
  #isPaused: boolean;
  #reading: LiveReading | undefined;
  #resumeAt: string | undefined;
  #isHeld = false;
  #shift = 0;
  #drawTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(topic: string, view: RecordsView, isPaused: boolean, changed: () => void) {
    this.#topic = topic;
    this.#view = view;
    this.#changed = changed;
    this.#isPaused = isPaused;
    this.#tail = view.live ? "waiting" : "off";
    void this.#begin();
  }

  get state(): ReaderState {
    return {
      rows: this.#rows,
      counts: this.#counts,
      loading: this.#loading,
      failure: this.#failure,
      hasEarlier: this.#prev !== null || this.#unread?.direction === "earlier",
      hasLater: this.#next !== null || this.#unread?.direction === "later",
      oldest: this.#oldest,
      newest: this.#newest,
      tail: this.#tail,
      shift: this.#shift,
    };
  }

  /** A reader who has scrolled away: rows are not let go below the eyes. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    if (!isHeld) this.#release();
  }

  earlier(): void {
    if (this.#unread?.direction === "earlier") void this.#begin();
    else if (this.#prev !== null) void this.#search("earlier");
  }

  later(): void {
    if (this.#unread?.direction === "later") void this.#begin();
    else if (this.#next !== null) void this.#search("later");
  }

  stop(): void {
    this.#stop.abort();
  }

  /** Nothing is read until `resume`, which goes on after the last record. */
  pause(): void {
    this.#isPaused = true;
    this.#resumeAt = this.#reading?.position ?? this.#resumeAt;
    this.#reading?.close();
    this.#reading = undefined;
    if (this.#tail !== "over") this.#tail = "paused";
    this.#draw();
  }

  resume(): void {
    this.#isPaused = false;
    this.#follow();
  }

  close(): void {
    this.#closed.abort();
    this.#stop.abort();
    this.#reading?.close();
    clearTimeout(this.#drawTimer);
  }

  async #begin(): Promise<void> {
    const start = startOf(this.#view);
    if (start.kind === "latest") {
      await this.#search("earlier", {});
    } else {
      const place = start.kind === "time" ? { from: start.time } : { after: start.position };
      await this.#search("later", place);
    }
  }

  /** Goes on from page to page until enough was found, the end was reached, or it is stopped. */
  async #search(direction: "earlier" | "later", first?: Record<string, string>): Promise<void> {
    if (this.#loading !== undefined) return;
    this.#loading = direction;
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    // A list begins with two pages: the first one is short.
    const rows = first === undefined ? 1 : firstRows + 1;
    const wanted = this.#counts.received + (isFiltered(this.#view) ? foundPerSearch : rows);
    let place: Record<string, string> | undefined = first ?? this.#place(direction);
    this.#draw();
    while (place !== undefined && !signal.aborted) {
      const isFirst = place === first;
      const page = await this.#read(place, signal);
      if (isFirst) this.#unread = page === undefined && signal.aborted ? { direction } : undefined;
      if (page === undefined) break;
      // Rows in front were let go meanwhile: the page no longer joins the first one.
      if (direction === "earlier" && !isFirst && place["before"] !== this.#prev) break;
      this.#take(page, direction, isFirst);
      if (this.#counts.received >= wanted) break;
      place = this.#place(direction);
    }
    this.#loading = undefined;
    this.#draw();
    this.#follow();
  }

  /** Rows of the next page. A search looks at records until its time is over, whatever their size. */
  #limit(): number {
    if (isFiltered(this.#view)) return pageRows;
    const sizes = this.#rows.flatMap((row) => (row.kind === "record" ? [row.size] : []));
    if (sizes.length === 0) return firstRows;
    const mean = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
    const fitting = Math.floor(pageBytes / Math.max(1, mean));
    const rest = sizes.length <= firstRows ? pageRows - sizes.length : pageRows;
    return Math.max(firstRows, Math.min(rest, fitting));
  }

  #place(direction: "earlier" | "later"): Record<string, string> | undefined {
    if (direction === "earlier") return this.#prev === null ? undefined : { before: this.#prev };
    return this.#next === null ? undefined : { after: this.#next };
  }

  /** Asks until the gateway answers; undefined once it is stopped, or refused. */
  async #read(place: Record<string, string>, signal: AbortSignal): Promise<PageAnswer | undefined> {
    const query = new URLSearchParams({
      ...filterQuery(this.#view),
      ...place,
      details: "true",
      value_bytes: String(previewBytes(this.#view)),
      limit: String(this.#limit()),
      ...(this.#view.view === "decoded" ? { decode: "json" } : {}),
    });
    const path = `/v1/topics/${encodeURIComponent(this.#topic)}/records?${query}`;
    while (!signal.aborted) {
      try {
        const page = await request<PageAnswer>(path, { signal });
        this.#failure = undefined;
        return page;
      } catch (error) {
        if (signal.aborted) return undefined;
        const field = error instanceof Refused ? error.errors[0]?.field : undefined;
        this.#failure = { message: messageOf(error), field };
        this.#draw();
        if (error instanceof Refused && error.code === "position_gone") {
          this.#gone(place);
          return undefined;
        }
        if (!(error instanceof Refused) || !error.isPassing) return undefined;
        await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    }
    return undefined;
  }

  /** What an earlier page would have is no longer kept. */
  #gone(place: Record<string, string>): void {
    if (place["before"] === undefined) return;
    this.#prev = null;
    this.#failure = undefined;
  }

  #take(page: PageAnswer, direction: "earlier" | "later", isFirst: boolean): void {
    const rows = page.events.map(rowFromPage);
    const counts = this.#counts;
    counts.received += rows.length;
    counts.passed += page.scanned - rows.length;
    counts.undecodable += page.undecodable;
    counts.failed += page.failed;
    counts.failure ??= page.failure;
    counts.scanned += page.scanned;
    counts.kept = page.kept;
    if (direction === "earlier") {
      this.#rows = [...rows, ...this.#rows];
      if (!isFirst) this.#shift += rows.length;
      this.#prev = page.prev;
    } else {
      this.#rows = [...this.#rows, ...rows];
      this.#next = page.next;
      if (isFirst) this.#prev = page.prev;
    }
    this.#end = direction === "later" || isFirst ? page.end : this.#end;
    this.#look(page.covers);
    this.#draw();
    // A search that goes on to earlier records does not keep the tail waiting.
    this.#follow();
  }

  #look(covers: PageAnswer["covers"]): void {
    if (covers === null) return;
    const { oldest, newest } = covers;
    if (this.#oldest === undefined || oldest < this.#oldest) this.#oldest = oldest;
    if (this.#newest === undefined || newest > this.#newest) this.#newest = newest;
  }

  /** Begins the tail behind the pages, once they have reached the end. */
  #follow(): void {
    const { live, where, text, key, view } = this.#view;
    const isReady = live && this.#next === null && this.#end !== undefined;
    if (!isReady || this.#closed.signal.aborted || this.#reading !== undefined) return;
    this.#resumeAt ??= this.#end;
    if (this.#isPaused) {
      this.#tail = "paused";
      return this.#draw();
    }
    this.#tail = "on";
    const after = this.#resumeAt ?? "";
    const target = key === undefined ? { topic: this.#topic } : { topic: this.#topic, key };
    this.#reading = readLive(
      target,
      { after },
      {
        event: (event) => this.#arrive(rowFromEvent(event)),
        reset: ({ position, reason }) => {
          this.#counts.gaps++;
          this.#push({ kind: "gap", position, reason });
        },
        passed: ({ passed, undecodable, failed, failure }) => {
          this.#counts.passed += passed;
          this.#counts.undecodable += undecodable;
          this.#counts.failed += failed;
          this.#counts.failure ??= failure;
          this.#draw();
        },
        over: (error) => {
          this.#tail = "over";
          if (error !== undefined) this.#failure = { message: error.message, field: undefined };
          this.#draw();
        },
      },
      {
        where,
        text,
        details: true,
        decode: view === "decoded" ? "json" : undefined,
        valueBytes: previewBytes(this.#view),
      },
    );
    this.#draw();
  }

  #arrive(row: Row): void {
    this.#counts.received++;
    this.#push(row);
  }

  #push(row: Row): void {
    this.#rows.push(row);
    this.#release();
    this.#draw();
  }

  #release(): void {
    const max = this.#isHeld ? rowsHeldMax : rowsMax;
    // A tenth at once: rows in front are copied.
    if (this.#rows.length <= max * 1.1) return;
    const count = this.#rows.length - max;
    this.#rows = this.#rows.slice(count);
    this.#counts.released += count;
    this.#shift -= count;
    const [first] = this.#rows;
    if (first !== undefined) this.#prev = first.position;
  }

  #draw(): void {
    if (this.#drawTimer !== undefined || this.#closed.signal.aborted) return;
    this.#drawTimer = setTimeout(() => {
      this.#drawTimer = undefined;
      this.#changed();
    }, drawnEveryMs);
  }
}
