/** A stream as a page shows it: its newest events, its state and its rate, a few times a second. */
import { noteEvent, recordEvent, type ShownEvent } from "./event.ts";
import { RateMeter } from "./rate.ts";
import { Stream, type StreamState } from "./stream.ts";

export interface LiveView {
  readonly events: readonly ShownEvent[];
  readonly state: StreamState | "paused";
  readonly why: string | undefined;
  readonly position: string | undefined;
  /** Whether events lie before those shown. */
  readonly older: boolean;
  readonly perSecond: number;
  readonly lastMinute: readonly number[];
}

export interface LiveStart {
  readonly shown: readonly ShownEvent[];
  readonly older: boolean;
  readonly after: string | undefined;
}

/** What stays on the screen; older events are a page away. */
const shownMax = 500;
/** Drawing more often than this only costs. */
const drawMs = 100;
const rateMs = 1000;

export class Live {
  readonly #changed: (view: LiveView) => void;
  readonly #stream: Stream;
  readonly #rate = new RateMeter();
  readonly #rateTimer: ReturnType<typeof setInterval>;
  #events: readonly ShownEvent[];
  #fresh: ShownEvent[] = [];
  #state: LiveView["state"] = "connecting";
  #why: string | undefined;
  #drawTimer: ReturnType<typeof setTimeout> | undefined;
  #older: boolean;

  /** `shown`: what is shown already, `older` events before it; `after`: where the stream goes on. */
  constructor(
    address: string,
    { shown, older, after }: LiveStart,
    changed: (view: LiveView) => void,
  ) {
    this.#events = shown;
    this.#older = older;
    this.#changed = changed;
    this.#stream = new Stream(address, after, {
      record: (data, position) => {
        this.#rate.add(1, Date.now());
        this.#add(recordEvent(data, position));
      },
      note: (text) => this.#add(noteEvent(text)),
      state: (state, why) => {
        // A stream that a reader paused is closed, which is not its end.
        if (this.#state === "paused" && state !== "ended") return;
        if (state === "ended" && this.#state !== "ended") {
          this.#fresh.push(noteEvent("The stream has ended."));
        }
        this.#state = state;
        this.#why = why;
        this.#draw();
      },
    });
    this.#rateTimer = setInterval(() => this.#draw(), rateMs);
  }

  /** Nothing is read until `resume`, which goes on after the last event: none is lost. */
  pause(): void {
    this.#stream.close();
    this.#state = "paused";
    this.#draw();
  }

  resume(): void {
    this.#state = "connecting";
    this.#stream.open();
  }

  close(): void {
    this.#stream.close();
    clearInterval(this.#rateTimer);
    clearTimeout(this.#drawTimer);
  }

  #add(event: ShownEvent): void {
    this.#fresh.push(event);
    // In a page that nobody looks at, timers are slow and this is what bounds it.
    if (this.#fresh.length > shownMax) {
      this.#fresh.splice(0, this.#fresh.length - shownMax);
      this.#older = true;
    }
    this.#draw();
  }

  #draw(): void {
    this.#drawTimer ??= setTimeout(() => {
      this.#drawTimer = undefined;
      if (this.#fresh.length > 0) {
        const all = [...this.#events, ...this.#fresh];
        this.#older ||= all.length > shownMax;
        this.#events = all.slice(-shownMax);
        this.#fresh = [];
      }
      const nowMs = Date.now();
      this.#changed({
        events: this.#events,
        state: this.#state,
        why: this.#why,
        position: this.#stream.position === "earliest" ? undefined : this.#stream.position,
        older: this.#older,
        perSecond: this.#rate.perSecond(nowMs),
        lastMinute: this.#rate.lastMinute(nowMs),
      });
    }, drawMs);
  }
}

export const notYet: LiveView = {
  events: [],
  state: "connecting",
  why: undefined,
  position: undefined,
  older: false,
  perSecond: 0,
  lastMinute: Array.from({ length: 60 }, () => 0),
};
