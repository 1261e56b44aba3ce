/**
 * The newest events of a source, drawn a few times a second and counted exactly. What is received, what
 * is in the list and what is missing are three numbers.
 */

import type { SluiceEvent } from "../../../../client/event.ts";
import type { From } from "../../../../client/target.ts";
import { gatewayNow } from "../../../gateway-time.ts";
import { RateMeter } from "../../../rate.ts";
import { type LiveReading, readLive } from "../../shell/live.ts";
import { type Source, type StreamFilter, targetOf } from "./source.ts";

export interface Line {
  /** Unique in its list. */
  readonly id: string;
  /** Undefined: a note about the stream. */
  readonly position: string | undefined;
  readonly time: string | undefined;
  readonly received: string | undefined;
  readonly key: string | undefined;
  /** The value's JSON, or the start of it. */
  readonly text: string;
  readonly isCut: boolean;
  /** Bytes of the value; undefined where they are not known. */
  readonly size: number | undefined;
}

export interface TailView {
  readonly lines: readonly Line[];
  /** Events that came since the stream was opened. */
  readonly received: number;
  /** Those of them that are older than what is in the list. */
  readonly scrolledOut: number;
  /** How often events that should have come were gone. */
  readonly gaps: number;
  readonly passed: PassedOver;
  readonly state: TailState;
  readonly why: string | undefined;
  readonly position: string | undefined;
  readonly perSecond: number;
  readonly lastMinute: readonly number[];
}

/** What the filter did not let through. */
export interface PassedOver {
  readonly count: number;
  /** Those of them whose value could not be looked into. */
  readonly undecodable: number;
  /** Those of them for which the expression has no answer, and why the first has none. */
  readonly failed: number;
  readonly failure: string | undefined;
}

export const nothingFiltered: StreamFilter = { where: undefined, text: undefined };

/** `reading` is `live` while the tab's socket is. `paused`: nothing is read. */
export type TailState = "connecting" | "reading" | "paused" | "ended" | "refused";

/** Lines in the list; older ones are a page away. */
export const linesMax = 2000;
/** Newest events that a stream begins with. */
const tail = 100;
/** Of a value, in the list: one that is longer is loaded when it is opened. */
const valueBytes = 4096;
/** An event that the gateway received before this time is not new. */
const freshMs = 5000;
const drawMs = 200;
const rateMs = 1000;

export const initialTail: TailView = {
  lines: [],
  received: 0,
  scrolledOut: 0,
  gaps: 0,
  passed: { count: 0, undecodable: 0, failed: 0, failure: undefined },
  state: "connecting",
  why: undefined,
  position: undefined,
  perSecond: 0,
  lastMinute: Array.from({ length: 60 }, () => 0),
};

export class Tail {
  readonly #source: Source;
  readonly #start: From;
  readonly #filter: StreamFilter;
  readonly #onDraw: (view: TailView) => void;
  readonly #rate = new RateMeter();
  readonly #rateTimer: ReturnType<typeof setInterval>;
  #drawTimer: ReturnType<typeof setTimeout> | undefined;
  #reading: LiveReading | undefined;
  #lines: readonly Line[] = [];
  #fresh: Line[] = [];
  #received = 0;
  #gaps = 0;
  #passed = initialTail.passed;
  #notes = 0;
  #notesListed = 0;
  #perSecond = 0;
  #lastMinute = initialTail.lastMinute;
  #state: TailState = "connecting";
  #why: string | undefined;
  #position: string | undefined;

  constructor(
    source: Source,
    after: string | undefined,
    filter: StreamFilter,
    onDraw: (view: TailView) => void,
  ) {
    this.#source = source;
    this.#filter = filter;
    this.#start = after === undefined ? { tail } : { after };
    this.#onDraw = onDraw;
    this.#rateTimer = setInterval(() => this.#measure(), rateMs);
    document.addEventListener("visibilitychange", this.#shown);
    this.#read(this.#start);
  }

  /** Unsubscribes until `resume`, which continues after the last event: none is lost. */
  pause(): void {
    if (this.#state !== "connecting" && this.#state !== "reading") return;
    this.#position = this.#reading?.position ?? this.#position;
    this.#reading?.close();
    this.#reading = undefined;
    this.#state = "paused";
    this.#drawNow();
  }

  resume(): void {
    if (this.#state !== "paused") return;
    this.#state = "connecting";
    this.#read(this.#position === undefined ? this.#start : { after: this.#position });
    this.#drawNow();
  }

  close(): void {
    this.#reading?.close();
    clearInterval(this.#rateTimer);
    clearTimeout(this.#drawTimer);
    document.removeEventListener("visibilitychange", this.#shown);
  }

  readonly #shown = () => this.#draw();

  #measure(): void {
    const nowMs = Date.now();
    this.#perSecond = this.#rate.perSecond(nowMs);
    // Drawn again only if a bar has another height.
    const counts = this.#rate.lastMinute(nowMs);
    if (counts.some((count, at) => count !== this.#lastMinute[at])) this.#lastMinute = counts;
    this.#draw();
  }

  #read(from: From): void {
    this.#reading = readLive(
      targetOf(this.#source),
      from,
      {
        event: (event) => this.#add(event),
        reset: ({ after, position, reason }) => {
          this.#gaps++;
          const where = after === undefined ? `before ${position}` : `from ${after} to ${position}`;
          this.#note(`Gap ${where}: ${reason}`);
        },
        passed: ({ passed, undecodable, failed, failure }) => {
          this.#passed = {
            count: this.#passed.count + passed,
            undecodable: this.#passed.undecodable + undecodable,
            failed: this.#passed.failed + failed,
            failure: this.#passed.failure ?? failure,
          };
          this.#draw();
        },
        ready: () => {
          this.#state = "reading";
          this.#draw();
        },
        over: (error) => {
          this.#state = error === undefined || error.code === "ended" ? "ended" : "refused";
          this.#why = this.#state === "ended" ? undefined : error?.message;
          if (this.#state === "ended") this.#note("The stream has ended.");
          this.#draw();
        },
      },
      { ...this.#filter, details: true, valueBytes },
    );
  }

  #add({ position, time, key, text, isCut, details }: SluiceEvent): void {
    this.#received++;
    const { received, size } = details ?? {};
    if (isFresh(received)) this.#rate.add(1, Date.now());
    this.#put({ id: position, position, time, received, key, text, isCut, size });
  }

  #note(text: string): void {
    const none = { position: undefined, time: undefined, received: undefined, key: undefined };
    this.#put({ id: `#${this.#notes++}`, ...none, text, isCut: false, size: undefined });
  }

  #put(line: Line): void {
    this.#fresh.push(line);
    // In a hidden page timers are slow, so that the list is bounded here as well.
    if (this.#fresh.length >= linesMax * 2) this.#fresh.splice(0, linesMax);
    this.#draw();
  }

  /** Later, together with what comes until then; nothing is drawn while the tab is hidden. */
  #draw(): void {
    if (document.hidden) return;
    this.#drawTimer ??= setTimeout(() => this.#drawNow(), drawMs);
  }

  #drawNow(): void {
    clearTimeout(this.#drawTimer);
    this.#drawTimer = undefined;
    this.#shift();
    this.#onDraw({
      lines: this.#lines,
      received: this.#received,
      scrolledOut: this.#received - this.#lines.length + this.#notesListed,
      gaps: this.#gaps,
      passed: this.#passed,
      state: this.#state,
      why: this.#why,
      position: this.#reading?.position ?? this.#position,
      perSecond: this.#perSecond,
      lastMinute: this.#lastMinute,
    });
  }

  #shift(): void {
    if (this.#fresh.length === 0) return;
    this.#lines = [...this.#lines, ...this.#fresh].slice(-linesMax);
    this.#notesListed = this.#lines.filter(({ position }) => position === undefined).length;
    this.#fresh = [];
  }
}

/** What is caught up with does not count for the rate. */
function isFresh(received: string | undefined): boolean {
  return received !== undefined && gatewayNow() - Date.parse(received) < freshMs;
}
