/**
 * The events of simulated messages: six stages in their order, each some time after the one before.
 * Now and then one never arrives, one is sent twice, or two overtake each other.
 */

import { type SampleEvent, sampleStages } from "../../features/lifecycle/sample-events.ts";
import type { Random } from "./random.ts";

export interface MessagesOptions {
  readonly appId: string;
  /** Prefix of the ids. */
  readonly prefix: string;
  /** Events a second of all messages together. */
  readonly rate: number;
  /** Messages in all; 0: no end. */
  readonly ids: number;
  /** Share of messages that stop before their last stage. */
  readonly missing: number;
  /** Share of events that are sent twice. */
  readonly duplicates: number;
}

interface Due {
  readonly ms: number;
  readonly event: SampleEvent;
}

/** Average time from each stage to the next. */
const delaysMs = [40, 15, 120, 60, 200];

export class SimulatedMessages {
  readonly #options: MessagesOptions;
  readonly #random: Random;
  #started = 0;
  #nextMs: number;
  /** Ordered by time; most are added at the end. */
  readonly #due: Due[] = [];

  constructor(options: MessagesOptions, random: Random, startMs: number) {
    this.#options = options;
    this.#random = random;
    this.#nextMs = startMs;
  }

  get started(): number {
    return this.#started;
  }

  /** All events of all messages were taken. */
  get isOver(): boolean {
    return this.#due.length === 0 && !this.#hasMore;
  }

  /** Takes the events up to `nowMs`, in their order. */
  take(nowMs: number): SampleEvent[] {
    while (this.#hasMore && this.#nextMs <= nowMs) {
      this.#start(this.#nextMs);
      // Arrivals are random: at a steady rate the pauses between them still differ.
      this.#nextMs += this.#random.exponential((sampleStages.length * 1000) / this.#options.rate);
    }
    const later = this.#due.findIndex(({ ms }) => ms > nowMs);
    const count = later < 0 ? this.#due.length : later;
    return this.#due.splice(0, count).map(({ event }) => event);
  }

  get #hasMore(): boolean {
    return this.#options.ids === 0 || this.#started < this.#options.ids;
  }

  #start(startMs: number): void {
    const { appId, prefix, missing, duplicates } = this.#options;
    const random = this.#random;
    const message_id = `${prefix}-${++this.#started}`;
    const stages = random.chance(missing)
      ? sampleStages.slice(0, Math.floor(random.between(1, sampleStages.length)))
      : sampleStages;
    let ms = startMs;
    for (const [i, event] of stages.entries()) {
      if (i > 0) ms += random.exponential(delaysMs[i - 1] ?? 0);
      const created_at = new Date(ms).toISOString();
      const one = { app_id: appId, message_id, event, created_at };
      this.#add(ms + random.exponential(5), one);
      if (random.chance(duplicates)) this.#add(ms + random.exponential(500), one);
    }
  }

  #add(ms: number, event: SampleEvent): void {
    let at = this.#due.length;
    while (at > 0 && (this.#due[at - 1]?.ms ?? 0) > ms) at--;
    this.#due.splice(at, 0, { ms, event });
  }
}
