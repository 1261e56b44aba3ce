/** What a run of measurements has sent, and what was acknowledged. */

import type { Failure } from "../../core/failure.ts";
import { counted } from "../terminal/listing.ts";

export class MeasurementTally {
  /** Each counted once, however often it was sent. */
  sent = 0;
  acknowledged = 0;
  refused = 0;
  /** Batches that were sent again. */
  retries = 0;
  readonly #startMs = performance.now();
  #trouble = "";
  #refusal = "";
  #last = { atMs: performance.now(), acknowledged: 0 };

  answered(accepted: number, refused: number, why: string): void {
    this.acknowledged += accepted;
    this.refused += refused;
    if (refused > 0) this.#refusal = why;
    this.#trouble = "";
  }

  failed(failure: Failure): void {
    this.retries++;
    this.#trouble = failure.message;
  }

  /** The state at the moment; the rate is that since the last line. */
  line(): string {
    const atMs = performance.now();
    const { acknowledged } = this;
    const rate =
      ((acknowledged - this.#last.acknowledged) * 1000) / Math.max(1, atMs - this.#last.atMs);
    this.#last = { atMs, acknowledged };
    const trouble = this.#trouble === "" ? "" : `, again: ${this.#trouble}`;
    return `${this.sent} sent, ${acknowledged} acknowledged, ${rate.toFixed(0)}/s${trouble}`;
  }

  report(): object {
    const { sent, acknowledged, refused, retries } = this;
    return { sent, acknowledged, refused, retries };
  }

  summary(): string {
    const seconds = ((performance.now() - this.#startMs) / 1000).toFixed(1);
    const refused =
      this.refused === 0 ? "" : `, ${this.refused} refused (the last: ${this.#refusal})`;
    const retries = this.retries === 0 ? "" : `, ${counted(this.retries, "batch")} sent again`;
    return `${counted(this.sent, "measurement")} sent, ${this.acknowledged} acknowledged${refused}${retries}, in ${seconds} s`;
  }
}
