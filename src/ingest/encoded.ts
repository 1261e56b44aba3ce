/**
 * Records for one topic that their protocol has checked and encoded itself. They are framed together
 * with those of all other calls.
 */

import type { Buffer } from "node:buffer";
import type { Caller } from "../core/access/caller.ts";
import type { Portion } from "../core/access/portion.ts";
import type { Failure } from "../core/failure.ts";
import type { RecordCounts } from "../core/metrics/records.ts";
import { comparePositions, type Position } from "../core/position.ts";
import type { Batcher, BatchOwner } from "./batcher.ts";
import type { Collector } from "./collector.ts";
import type { InFlight } from "./in-flight.ts";
import type { Author } from "./topic-rules.ts";

export class EncodedTopic {
  readonly inFlight: InFlight;
  readonly #batcher: Batcher;
  readonly #counts: RecordCounts;

  /** The topic must exist; it keeps its place in the collector permanently. */
  constructor(collector: Collector, topic: string, author: Author) {
    this.inFlight = collector.inFlight;
    this.#counts = collector.counts;
    this.#batcher = collector.enter(topic, undefined, author).batcher;
  }

  /** Many callers wait for acknowledgements, or did a moment ago. */
  get hasManyWaiters(): boolean {
    return this.#batcher.hasManyWaiters;
  }

  open(by: Caller): EncodedCall {
    return new EncodedCall(this.#batcher, this.#counts, by.portion);
  }
}

export class EncodedCall implements BatchOwner {
  readonly portion: Portion | undefined;
  readonly #batcher: Batcher;
  readonly #counts: RecordCounts;
  #pending = 0;
  #failure: Failure | undefined;
  #settle: (() => void) | undefined;
  /** Of the last durable record. */
  position: Position | undefined;

  constructor(batcher: Batcher, counts: RecordCounts, portion: Portion | undefined) {
    this.portion = portion;
    this.#batcher = batcher;
    this.#counts = counts;
  }

  /** Takes `count` records as they lie in a Frame; the bytes are copied. */
  add(bytes: Buffer, from: number, to: number, count: number): void {
    this.#pending += count;
    this.#batcher.add(this, bytes, from, to, count);
  }

  /** Resolves once all that was added is durable. Rejects with what failed; the rest may be durable. */
  settled(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#settle = () => {
        if (this.#failure === undefined) resolve();
        else reject(this.#failure);
      };
      if (this.#pending > 0 && this.#failure === undefined) this.#batcher.expedite();
      else this.#settle();
    });
  }

  /** The caller waits for room: what was added so far is appended soon. */
  expedite(): void {
    this.#batcher.expedite();
  }

  stored(count: number, last: Position): void {
    this.#counts.accepted.add("http", count);
    const { position } = this;
    if (position === undefined || comparePositions(position, last) < 0) this.position = last;
    this.#finish(count);
  }

  failed(count: number, failure: Failure): void {
    this.#failure ??= failure;
    this.#finish(count);
  }

  #finish(count: number): void {
    this.#pending -= count;
    if (this.#pending === 0 || this.#failure !== undefined) this.#settle?.();
  }
}
