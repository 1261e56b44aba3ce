/**
 * Measured records that the gateway has not acknowledged. It is bounded like a watch's memory: while
 * the gateway is unavailable, a full outbox takes no more.
 */

import type { WearableRecord } from "./wearable-record.ts";

const recordsMax = 1000;
/** Records of one request. */
const batchMax = 100;

export class Outbox {
  readonly #records: WearableRecord[] = [];
  #first = 0;
  #sent = 0;
  #isClosed = false;
  #wake = () => {};

  /** Sequence of the oldest record here, from 0: all before it were acknowledged. */
  get first(): number {
    return this.#first;
  }

  /** How many records were ever handed out, each counted once. */
  get sent(): number {
    return this.#sent;
  }

  get isFull(): boolean {
    return this.#records.length >= recordsMax;
  }

  /** Nothing is left and nothing will be added. */
  get isDone(): boolean {
    return this.#isClosed && this.#records.length === 0;
  }

  add(record: WearableRecord): void {
    this.#records.push(record);
    this.#wake();
  }

  /** No more records will be added. */
  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  /** All records before this sequence are durable. */
  acknowledge(sequence: number): void {
    this.#records.splice(0, sequence - this.#first);
    this.#first = Math.max(this.#first, sequence);
  }

  /** Batches from the oldest record on, as records arrive, until it is closed or `signal` aborts. */
  async *batches(signal: AbortSignal): AsyncGenerator<readonly WearableRecord[]> {
    let next = this.#first;
    const wake = () => this.#wake();
    signal.addEventListener("abort", wake);
    try {
      while (!signal.aborted) {
        const at = next - this.#first;
        const batch = this.#records.slice(at, at + batchMax);
        next += batch.length;
        this.#sent = Math.max(this.#sent, next);
        if (batch.length > 0) yield batch;
        else if (this.#isClosed) return;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      signal.removeEventListener("abort", wake);
    }
  }
}
