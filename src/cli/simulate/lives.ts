/**
 * The lives of simulated messages: the six stages in their order, each some time after the one
 * before, now and then one that never comes, one that is told twice, or two that overtake each other.
 */
import { sampleStages, type SampleEvent } from "../../features/lifecycle/sample-events.ts";
import type { Random } from "./random.ts";

export interface LivesOptions {
  readonly appId: string;
  /** Begins the ids. */
  readonly prefix: string;
  /** Events a second, of all messages together. */
  readonly rate: number;
  /** Messages in all; 0: no end. */
  readonly ids: number;
  /** Of the messages: whose life stops before its last stage. */
  readonly missing: number;
  /** Of the events: told twice. */
  readonly duplicates: number;
}

interface Due {
  readonly ms: number;
  readonly event: SampleEvent;
}

/** From each stage to the next, on average. */
const delaysMs = [40, 15, 120, 60, 200];

export class Lives {
  readonly #options: LivesOptions;
  readonly #random: Random;
  #started = 0;
  #nextMs: number;
  /** In the order of their time; few are added out of it. */
  readonly #due: Due[] = [];

  constructor(options: LivesOptions, random: Random, startMs: number) {
    this.#options = options;
    this.#random = random;
    this.#nextMs = startMs;
  }

  get started(): number {
    return this.#started;
  }

  /** All messages have had their lives. */
  get isOver(): boolean {
    return this.#due.length === 0 && !this.#hasMore;
  }

  /** The events up to `nowMs` that were not taken yet, in their order. */
  take(nowMs: number): SampleEvent[] {
    while (this.#hasMore && this.#nextMs <= nowMs) {
      this.#live(this.#nextMs);
      // Messages come when they come: a steady rate of them has no steady pauses.
      this.#nextMs += this.#random.exponential((sampleStages.length * 1000) / this.#options.rate);
    }
    const later = this.#due.findIndex(({ ms }) => ms > nowMs);
    const count = later < 0 ? this.#due.length : later;
    return this.#due.splice(0, count).map(({ event }) => event);
  }

  get #hasMore(): boolean {
    return this.#options.ids === 0 || this.#started < this.#options.ids;
  }

  #live(startMs: number): void {
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
