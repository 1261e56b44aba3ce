/** A range of a topic, read forward for its newest events, and what was counted in each of its batches. */

import type { Position } from "../core/position.ts";
import type { Tally } from "./scan-tally.ts";

/** A record that matches, as it is sent. */
export interface Found {
  readonly position: Position;
  readonly text: string;
}

interface CountedBatch {
  readonly after: Position;
  readonly through: Position;
  readonly tally: Tally;
}

export class Window {
  readonly batches: CountedBatch[] = [];
  readonly #limit: number;
  readonly #bytesMax: number;
  readonly #events: Found[] = [];
  #isCut = false;
  #bytes = 0;

  /** It keeps so many events, and so many bytes of them, but one at least. */
  constructor(limit: number, bytesMax: number) {
    this.#limit = limit;
    this.#bytesMax = bytesMax;
  }

  get events(): readonly Found[] {
    return this.#events;
  }

  /** Older events of it were dropped. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** Returns those that are dropped. */
  add(found: readonly Found[]): readonly Found[] {
    this.#events.push(...found);
    for (const { text } of found) this.#bytes += text.length;
    let drop = 0;
    while (this.#isTooMuch(this.#events.length - drop)) {
      this.#bytes -= this.#events[drop++]?.text.length ?? 0;
    }
    if (drop === 0) return [];
    this.#isCut = true;
    return this.#events.splice(0, drop);
  }

  #isTooMuch(count: number): boolean {
    return count > this.#limit || (count > 1 && this.#bytes > this.#bytesMax);
  }
}
