/** How fast a client sends what this node waits for: the same for bodies and for messages of streams. */

import { Failure } from "../failure.ts";

/** A client is slow only after this long: a phone may lose its network for some seconds. */
const graceMs = 10_000;

/** What was sent fast allows for a pause of this long, not of hours. */
const pauseMsMax = 20_000;

/** How long a client may still be waited for: it earns time by bytes, and spends it by waiting. */
export class Pace {
  readonly #rateMin: number;
  #creditMs = graceMs;

  /** `rateMin`: bytes a second. */
  constructor(rateMin: number) {
    this.#rateMin = rateMin;
  }

  /** Milliseconds; below 0 the client is behind its lowest rate. */
  get creditMs(): number {
    return this.#creditMs;
  }

  earn(bytes: number): void {
    this.#creditMs = Math.min(pauseMsMax, this.#creditMs + (bytes * 1000) / this.#rateMin);
  }

  spend(ms: number): void {
    this.#creditMs -= ms;
  }

  /** `what`: "the body". */
  tooSlow(what: string): Failure {
    return new Failure(
      "deadline_exceeded",
      `Cannot read ${what}: it comes too slowly, expected ${this.#rateMin} bytes a second (SLUICE_BODY_RATE_MIN)`,
    );
  }
}
