/** The newest events of a source and their rate, drawn a few times a second. */

import type { ShownEvent } from "./event.ts";
import { RateMeter } from "./rate.ts";

export interface EventWindowView {
  readonly events: readonly ShownEvent[];
  /** Whether there are events before those shown. */
  readonly older: boolean;
  readonly perSecond: number;
  readonly lastMinute: readonly number[];
}

/** The events on the screen; older ones are a page away. */
const shownMax = 500;
/** Drawing more often costs without showing more. */
const drawMs = 100;
const rateMs = 1000;

export const emptyWindow: EventWindowView = {
  events: [],
  older: false,
  perSecond: 0,
  lastMinute: Array.from({ length: 60 }, () => 0),
};

export class EventWindow {
  readonly #onDraw: (view: EventWindowView) => void;
  readonly #rate = new RateMeter();
  readonly #rateTimer: ReturnType<typeof setInterval>;
  #events: readonly ShownEvent[];
  #fresh: ShownEvent[] = [];
  #older: boolean;
  #drawTimer: ReturnType<typeof setTimeout> | undefined;

  /** The initial events do not count for the rate. */
  constructor(
    { events, older }: Pick<EventWindowView, "events" | "older">,
    onDraw: (view: EventWindowView) => void,
  ) {
    this.#events = events;
    this.#older = older;
    this.#onDraw = onDraw;
    this.#rateTimer = setInterval(() => this.draw(), rateMs);
  }

  /** Adds an event that the source sent. */
  received(event: ShownEvent): void {
    this.#rate.add(1, Date.now());
    this.add(event);
  }

  /** Adds an event that does not count for the rate. */
  add(event: ShownEvent): void {
    this.#fresh.push(event);
    // In a hidden page timers are slow, so that the window is bounded here as well.
    if (this.#fresh.length > shownMax) {
      this.#fresh.splice(0, this.#fresh.length - shownMax);
      this.#older = true;
    }
    this.draw();
  }

  draw(): void {
    this.#drawTimer ??= setTimeout(() => {
      this.#drawTimer = undefined;
      this.#shift();
      const nowMs = Date.now();
      this.#onDraw({
        events: this.#events,
        older: this.#older,
        perSecond: this.#rate.perSecond(nowMs),
        lastMinute: this.#rate.lastMinute(nowMs),
      });
    }, drawMs);
  }

  close(): void {
    clearInterval(this.#rateTimer);
    clearTimeout(this.#drawTimer);
  }

  #shift(): void {
    if (this.#fresh.length === 0) return;
    const all = [...this.#events, ...this.#fresh];
    this.#older ||= all.length > shownMax;
    this.#events = all.slice(-shownMax);
    this.#fresh = [];
  }
}
