/**
 * A plot that follows what comes. The gateway answers the range once; what is measured since comes over the
 * tab's socket, and is drawn with the answer. A new answer is requested where that is not enough: when a
 * measurement is late for cells that were answered, when the range has moved on beyond the answer, and for
 * aggregates that do not follow from the measurements of a cell.
 */

import { messageOf } from "../../../../http.ts";
import { linkState } from "../../../shell/live.ts";
import type { SeriesAnswer } from "../answer.ts";
import type { Answered } from "../lines.ts";
import { readRecent } from "../list.ts";
import { type Loaded, loadPlot, type Newest, nowNs } from "../load.ts";
import type { PlotView } from "../view.ts";
import { Feed } from "./feed.ts";
import { canFold, cutTo, firstWhole, folded } from "./fold.ts";

export interface Followed {
  readonly loaded: Loaded;
  /** Why what is shown is older. */
  readonly failure: string | undefined;
}

const drawMs = 500;
/** Until the socket is connected, at most. */
const readyMs = 1000;
const retryMs = 2000;
/** Between two answers of the gateway. */
const againMs = { min: 1000, max: 10_000 };
/** An answer reaches so much further than now, in cells and at least in time, up to so many cells. */
const ahead = { part: 10n, ns: 30_000_000_000n, cellsMax: 4n };
/** With more measurements of a series than this a new answer is requested, and older ones go. */
const freshMax = 20_000;
/** Tags of one request about what they did lately. */
const recentMax = 100;
/** Those that stay then: as late as measurements usually are. */
const stayNs = 15_000_000_000n;

interface Base {
  readonly loaded: Loaded;
  /** How many measurements of each tag had come when it was requested. */
  readonly arrived: ReadonlyMap<string, number>;
}

export class Follow {
  readonly #view: PlotView;
  readonly #cells: bigint;
  readonly #cellNs: bigint;
  readonly #lastNs: bigint;
  readonly #onDraw: (followed: Followed) => void;
  readonly #feeds = new Map<string, Feed>();
  /** Measurements from here on are all in the feed of the tag. */
  readonly #since = new Map<string, bigint>();
  /** Tags of which that is not certain yet. */
  readonly #unchecked = new Set<string>();
  readonly #closed = new AbortController();
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #begunMs = performance.now();
  #base: Base | undefined;
  #isLoading = false;
  #loadedMs = 0;
  #mustLoad = false;
  #failure: string | undefined;
  #untilNs = 0n;
  #drawn = "";

  constructor(view: PlotView, lastNs: bigint, cells: number, onDraw: (followed: Followed) => void) {
    this.#view = view;
    this.#lastNs = lastNs;
    this.#cells = BigInt(cells);
    const cellNs = lastNs / BigInt(cells);
    this.#cellNs = cellNs > 0n ? cellNs : 1n;
    this.#onDraw = onDraw;
    for (const { tag } of view.shown) {
      if (!this.#feeds.has(tag)) this.#feeds.set(tag, this.#feed(tag));
    }
    this.#timer = setInterval(this.#tick, drawMs);
    document.addEventListener("visibilitychange", this.#tick);
  }

  close(): void {
    this.#closed.abort();
    clearInterval(this.#timer);
    document.removeEventListener("visibilitychange", this.#tick);
    for (const feed of this.#feeds.values()) feed.close();
  }

  #feed(tag: string): Feed {
    return new Feed(tag, {
      ready: () => {
        if (!this.#since.has(tag)) this.#begin(tag);
        this.#tick();
      },
      lost: () => {
        if (this.#feeds.get(tag)?.isReady === true) this.#begin(tag);
        else this.#since.delete(tag);
        this.#mustLoad = true;
      },
    });
  }

  #begin(tag: string): void {
    this.#since.set(tag, nowNs());
    this.#unchecked.add(tag);
    this.#mustLoad = true;
  }

  readonly #tick = () => {
    if (document.hidden || this.#closed.signal.aborted) return;
    if (linkState() === "live" && this.#areReady()) this.#untilNs = nowNs();
    if (this.#needsAnswer()) void this.#load();
    if (this.#base !== undefined) this.#draw(this.#base);
  };

  #areReady(): boolean {
    return [...this.#feeds.values()].every(({ isReady }) => isReady);
  }

  #needsAnswer(): boolean {
    if (this.#isLoading) return false;
    const sinceMs = performance.now() - this.#loadedMs;
    if (this.#failure !== undefined) return sinceMs >= retryMs;
    const base = this.#base;
    if (base === undefined) {
      return this.#areReady() || performance.now() - this.#begunMs >= readyMs;
    }
    if (this.#edge() > base.loaded.endNs) return true;
    if (sinceMs < this.#againMs()) return false;
    // Without its feed a series is read as seldom as that is bearable.
    if (!this.#areReady()) return sinceMs >= againMs.max;
    return this.#mustLoad || this.#isLate(base) || this.#isFull();
  }

  #againMs(): number {
    return Math.min(againMs.max, Math.max(againMs.min, Number(this.#cellNs) / 1e6));
  }

  #isFull(): boolean {
    return [...this.#feeds.values()].some(({ measurements }) => measurements.length > freshMax);
  }

  /** Whether something has come that the answer should have, and does not. */
  #isLate({ loaded, arrived }: Base): boolean {
    for (const [tag, feed] of this.#feeds) {
      const count = arrived.get(tag) ?? 0;
      const own = loaded.answered.filter(({ shown }) => shown.tag === tag);
      if (feed.arrived === count) continue;
      if (own.length === 0) return true;
      for (const { shown, answer } of own) {
        if (!canFold(shown, this.#view.fill)) return true;
        const fromNs = this.#wholeFrom(tag, answer);
        if (fromNs === undefined || feed.hasLate(count, fromNs)) return true;
      }
    }
    return false;
  }

  #wholeFrom(tag: string, answer: SeriesAnswer): bigint | undefined {
    const since = this.#since.get(tag);
    if (since === undefined || this.#unchecked.has(tag)) return undefined;
    return firstWhole(answer, since);
  }

  /** The end of the cell that now is in: cells stay the same while the range moves on. */
  #edge(): bigint {
    return (nowNs() / this.#cellNs + 1n) * this.#cellNs;
  }

  async #load(): Promise<void> {
    this.#isLoading = true;
    this.#mustLoad = false;
    const arrived = new Map([...this.#feeds].map(([tag, feed]) => [tag, feed.arrived]));
    const edge = this.#edge();
    const least = ahead.ns / this.#cellNs;
    const most = ahead.cellsMax * this.#cells;
    const part = this.#cells / ahead.part;
    const wanted = least > part ? least : part;
    const more = wanted > most ? most : wanted;
    const span = { fromNs: edge - this.#cells * this.#cellNs, toNs: edge + more * this.#cellNs };
    try {
      const { signal } = this.#closed;
      const [loaded] = await Promise.all([
        loadPlot(this.#view, span, Number(this.#cells + more), signal),
        this.#check(signal),
      ]);
      this.#take({ loaded, arrived });
      this.#failure = undefined;
    } catch (error) {
      if (this.#closed.signal.aborted) return;
      this.#failure = messageOf(error);
    } finally {
      this.#isLoading = false;
      this.#loadedMs = performance.now();
    }
    this.#tick();
  }

  /** By a clock that is fast, a measurement may have come before the feed was there, and be later. */
  async #check(signal: AbortSignal): Promise<void> {
    const tags = [...this.#unchecked].slice(0, recentMax);
    if (tags.length === 0) return;
    const { series } = await readRecent(tags, signal);
    for (const tag of tags) this.#unchecked.delete(tag);
    for (const { tag, last } of series) {
      const since = this.#since.get(tag);
      if (since === undefined || last === undefined || last.timeNs < since) continue;
      this.#since.set(tag, last.timeNs + 1n);
    }
  }

  #take(base: Base): void {
    this.#base = base;
    if (this.#isLate(base)) this.#mustLoad = true;
    const stayFrom = nowNs() - stayNs;
    for (const [tag, feed] of this.#feeds) {
      const since = this.#since.get(tag);
      if (since === undefined) continue;
      const isFull = feed.measurements.length > freshMax;
      if (isFull && stayFrom > since) this.#since.set(tag, stayFrom);
      feed.trim(isFull && stayFrom > since ? stayFrom : since);
    }
    if (this.#untilNs < base.loaded.untilNs) this.#untilNs = base.loaded.untilNs;
  }

  #draw({ loaded }: Base): void {
    const edge = this.#edge();
    const endNs = edge < loaded.endNs ? edge : loaded.endNs;
    const arrived = [...this.#feeds.values()].map((feed) => feed.arrived).join();
    const cut = linkState() === "waiting" ? "Live data is cut" : undefined;
    const failure = this.#failure ?? cut;
    const drawn = `${endNs} ${arrived} ${this.#loadedMs} ${failure}`;
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const untilNs = this.#untilNs < endNs ? this.#untilNs : endNs;
    const span = { startNs: endNs - this.#lastNs, endNs, untilNs };
    const newest = new Map(
      [...this.#feeds].flatMap(([tag, feed]): [string, Newest][] => {
        const found = feed.newest;
        return found === undefined ? [] : [[tag, { atNs: found.timeNs, values: found.values }]];
      }),
    );
    const answered = loaded.answered.map((each): Answered => {
      return { ...each, answer: cutTo(this.#folded(each), span) };
    });
    this.#onDraw({ loaded: { ...loaded, ...span, answered, newest }, failure });
  }

  #folded({ shown, answer }: Answered): SeriesAnswer {
    const { fill } = this.#view;
    const fromNs = this.#wholeFrom(shown.tag, answer);
    const measurements = this.#feeds.get(shown.tag)?.measurements;
    if (fromNs === undefined || measurements === undefined || !canFold(shown, fill)) return answer;
    const first = measurements.findIndex(({ timeNs }) => timeNs >= fromNs);
    const fresh = first < 0 ? [] : measurements.slice(first);
    return folded(shown, fill, answer, { fromNs, measurements: fresh });
  }
}
