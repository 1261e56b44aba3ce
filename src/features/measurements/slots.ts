/** A bound on what is asked of the store at once: more is refused, not queued behind. */
import { Failure } from "../../core/failure.ts";

export class Slots {
  readonly #what: string;
  readonly #max: number;
  #used = 0;

  /** `what` names it in refusals: "queries of series". */
  constructor(what: string, max: number) {
    this.#what = what;
    this.#max = max;
  }

  get used(): number {
    return this.#used;
  }

  /** The answer gives the slot back, once. Throws `overloaded` when all are taken. */
  take(): () => void {
    if (this.#used >= this.#max) {
      throw new Failure(
        "overloaded",
        `Cannot answer: ${this.#max} ${this.#what} are under way on this node already`,
        { retryAfterMs: 1000 },
      );
    }
    this.#used++;
    let taken = true;
    return () => {
      if (taken) this.#used--;
      taken = false;
    };
  }

  async use<T>(work: () => Promise<T>): Promise<T> {
    const release = this.take();
    try {
      return await work();
    } finally {
      release();
    }
  }
}
