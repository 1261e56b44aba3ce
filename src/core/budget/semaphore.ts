/** Bounds what runs at once: further callers wait in their order, up to a bound, and the rest is refused. */

import { Failure } from "../failure.ts";

export interface WaitingLine {
  readonly waitingMax: number;
  /** The message of the failure once so many wait already. */
  readonly refusal: string;
}

const unbounded: WaitingLine = { waitingMax: Number.POSITIVE_INFINITY, refusal: "" };

export class Semaphore {
  readonly #max: number;
  readonly #line: WaitingLine;
  readonly #waiting: (() => void)[] = [];
  #used = 0;

  constructor(max: number, line = unbounded) {
    this.#max = max;
    this.#line = line;
  }

  get used(): number {
    return this.#used;
  }

  /**
   * A permit; disposing of it releases it, once. Throws `overloaded`, and `cancelled` once the signal
   * aborts: who has left takes no place in the line.
   */
  async acquire(signal?: AbortSignal): Promise<Disposable> {
    await this.#enter(signal);
    let isHeld = true;
    return {
      [Symbol.dispose]: () => {
        if (isHeld) this.#leave();
        isHeld = false;
      },
    };
  }

  /** Throws `overloaded` without having begun. */
  async use<Result>(work: () => Promise<Result>): Promise<Result> {
    await this.#enter();
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  #enter(signal?: AbortSignal): Promise<void> | undefined {
    if (this.#used < this.#max) {
      this.#used++;
      return undefined;
    }
    const { waitingMax, refusal } = this.#line;
    if (this.#waiting.length >= waitingMax) {
      throw new Failure("overloaded", refusal, { retryAfterMs: 1000 });
    }
    return new Promise((resolve, reject) => {
      const enter = () => {
        signal?.removeEventListener("abort", leave);
        resolve();
      };
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(
          new Failure("cancelled", "Cannot go on: the client left", { cause: signal?.reason }),
        );
      };
      this.#waiting.push(enter);
      signal?.addEventListener("abort", leave, { once: true });
    });
  }

  /** The permit passes on to the next that waits. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#used--;
    else next();
  }
}
