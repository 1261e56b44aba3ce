/** What all watches together have sent, and what was acknowledged. */

import type { Failure } from "../../core/failure.ts";
import { counted } from "../terminal/listing.ts";
import type { WearableStreamEvents } from "./wearable-stream.ts";

export class WearableTally implements WearableStreamEvents {
  readonly #startMs = performance.now();
  #sent = 0;
  #acknowledged = 0;
  #refused = 0;
  #cuts = 0;
  #position = "";
  #trouble = "";
  #last = { atMs: performance.now(), sent: 0 };

  sent(records: number): void {
    this.#sent += records;
  }

  acknowledged(accepted: number, refused: number, position: string): void {
    this.#acknowledged += accepted;
    this.#refused += refused;
    // Positions of a topic sort as text.
    if (position > this.#position) this.#position = position;
    this.#trouble = "";
  }

  cut(failure: Failure, attempts: number): void {
    if (attempts === 0) this.#cuts++;
    this.#trouble = failure.message;
  }

  /** The state at the moment; the rate is that since the last line. */
  line(): string {
    const atMs = performance.now();
    const rate = ((this.#sent - this.#last.sent) * 1000) / Math.max(1, atMs - this.#last.atMs);
    this.#last = { atMs, sent: this.#sent };
    const trouble = this.#trouble === "" ? "" : `, again: ${this.#trouble}`;
    return `${this.#sent} sent, ${this.#acknowledged} acknowledged, ${rate.toFixed(0)}/s${trouble}`;
  }

  report(watches: number): object {
    return {
      watches,
      sent: this.#sent,
      acknowledged: this.#acknowledged,
      refused: this.#refused,
      cuts: this.#cuts,
      last: this.#position === "" ? null : this.#position,
    };
  }

  summary(watches: number): string {
    const seconds = ((performance.now() - this.#startMs) / 1000).toFixed(1);
    const refused = this.#refused === 0 ? "" : `, ${this.#refused} refused`;
    const cuts = this.#cuts === 0 ? "" : `, ${this.#cuts} times cut off`;
    const end = this.#position === "" ? "" : `; the last at ${this.#position}`;
    return (
      `${counted(this.#sent, "record")} of ${counted(watches, "watch")} sent, ${this.#acknowledged} acknowledged` +
      `${refused}${cuts}, in ${seconds} s${end}`
    );
  }
}
