/** What is measured of one series, as the tab's socket brings it. */

import { readLive } from "../../../shell/live.ts";
import { int64From, numberFrom } from "../answer.ts";
import type { Measurement } from "./fold.ts";

export interface FeedEvents {
  /** Everything that is received from now on comes; what came before may not. */
  ready(): void;
  /** Some of what was measured will not come. */
  lost(): void;
}

/** A measurement with its number in the order of arrival. */
interface Arrived extends Measurement {
  readonly number: number;
}

/** With more it begins again: the gateway has them. */
const keptMax = 50_000;

export class Feed {
  readonly #reading: { close(): void };
  #kept: Arrived[] = [];
  /** How many have come. */
  arrived = 0;
  isReady = false;

  constructor(tag: string, events: FeedEvents) {
    const lose = () => {
      this.#kept = [];
      events.lost();
    };
    this.#reading = readLive({ series: tag }, "live", {
      event: ({ data }) => {
        this.#add(data as { readonly time: unknown; readonly values: readonly unknown[] });
        if (this.#kept.length > keptMax) lose();
      },
      reset: lose,
      ready: () => {
        this.isReady = true;
        events.ready();
      },
      over: () => {
        this.isReady = false;
        lose();
      },
    });
  }

  /** By time, each time once: the same time sent again replaces the values. */
  get measurements(): readonly Measurement[] {
    return this.#kept;
  }

  get newest(): Measurement | undefined {
    return this.#kept.at(-1);
  }

  /** Whether one of those that came after the first `count` was measured before `ns`. */
  hasLate(count: number, ns: bigint): boolean {
    return this.#kept.some(({ number, timeNs }) => number > count && timeNs < ns);
  }

  /** Drops what was measured before `ns`. */
  trim(ns: bigint): void {
    if ((this.#kept[0]?.timeNs ?? ns) >= ns) return;
    this.#kept = this.#kept.filter(({ timeNs }) => timeNs >= ns);
  }

  close(): void {
    this.#reading.close();
  }

  #add({ time, values }: { readonly time: unknown; readonly values: readonly unknown[] }): void {
    const one = { timeNs: int64From(time), values: values.map(numberFrom), number: ++this.arrived };
    let at = this.#kept.length;
    while ((this.#kept[at - 1]?.timeNs ?? one.timeNs) > one.timeNs) at--;
    const isAgain = this.#kept[at - 1]?.timeNs === one.timeNs;
    if (isAgain) this.#kept[at - 1] = one;
    else if (at === this.#kept.length) this.#kept.push(one);
    else this.#kept.splice(at, 0, one);
  }
}
