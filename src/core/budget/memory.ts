/**
 * The node's memory account: what callers make it keep, by reason. Each share has a bound, and
 * the code that adds to it decides what happens there: a refusal, a socket that is not read, an eviction.
 */

import { Failure } from "../failure.ts";

/** Why bytes are kept. */
export type ShareName =
  /** Bodies, messages and frames that are not complete. */
  | "receiving"
  /** Records that were taken and are not durable. */
  | "in_flight"
  /** Answers that their callers have not read: pages, exports, replies on sockets. */
  | "answers"
  /** The newest records of topics, for readers that come back. */
  | "windows";

/** What a share contains; those that count by themselves are shown as well. */
export interface Gauge {
  readonly bytes: number;
  readonly bytesMax: number;
}

export class MemoryAccount {
  readonly totalBytes: number;
  readonly #gauges = new Map<ShareName, () => Gauge>();

  constructor(totalBytes: number) {
    this.totalBytes = totalBytes;
  }

  /** A part of the total, as a fraction of it. */
  share(name: ShareName, fraction: number): Share {
    const share = new Share(name, Math.floor(this.totalBytes * fraction));
    this.show(name, () => share);
    return share;
  }

  /** Adds what something else counts. */
  show(name: ShareName, gauge: () => Gauge): void {
    this.#gauges.set(name, gauge);
  }

  gauges(): readonly (readonly [ShareName, Gauge])[] {
    return [...this.#gauges].map(([name, gauge]) => [name, gauge()] as const);
  }

  status(): Readonly<Record<string, unknown>> {
    const status: Record<string, unknown> = { totalBytes: this.totalBytes };
    for (const [name, gauge] of this.#gauges) {
      const { bytes, bytesMax } = gauge();
      status[name] = { bytes, bytesMax };
    }
    return status;
  }
}

export class Share implements Gauge {
  readonly name: ShareName;
  readonly bytesMax: number;
  #bytes = 0;

  constructor(name: ShareName, bytesMax: number) {
    this.name = name;
    this.bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isFull(): boolean {
    return this.#bytes >= this.bytesMax;
  }

  /**
   * Adds the bytes, or throws `overloaded` without adding them. One that is alone is always taken,
   * because a large one could otherwise never succeed.
   */
  take(bytes: number): void {
    if (this.#bytes > 0 && this.#bytes + bytes > this.bytesMax) {
      throw new Failure(
        "overloaded",
        `Cannot take ${bytes} bytes more: this node keeps ${this.#bytes} of ${doing[this.name]}, at most ${this.bytesMax} (SLUICE_MEMORY_BYTES)`,
        { retryAfterMs: 1000 },
      );
    }
    this.#bytes += bytes;
  }

  /** Adds bytes that are there already; the caller must slow down or evict while `isFull`. */
  add(bytes: number): void {
    this.#bytes += bytes;
  }

  release(bytes: number): void {
    this.#bytes -= bytes;
  }

  /** What one caller makes this node keep; disposing of it releases the rest. */
  hold(): Holding {
    return new Holding(this);
  }
}

export class Holding implements Disposable {
  readonly #share: Share;
  #bytes = 0;

  constructor(share: Share) {
    this.#share = share;
  }

  /** Throws as `Share.take` does. */
  take(bytes: number): void {
    this.#share.take(bytes);
    this.#bytes += bytes;
  }

  release(bytes: number): void {
    this.#share.release(bytes);
    this.#bytes -= bytes;
  }

  [Symbol.dispose](): void {
    this.release(this.#bytes);
  }
}

const doing: Readonly<Record<ShareName, string>> = {
  receiving: "requests that are not complete",
  in_flight: "records that are not durable",
  answers: "answers that were not read",
  windows: "the newest records of topics",
};
