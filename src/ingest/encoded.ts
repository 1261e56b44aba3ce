/**
 * Records that a face has checked and encoded itself, on their way to one topic: they are framed
 * together with those of all other calls.
 */
import type { Buffer } from "node:buffer";
import type { Failure } from "../core/failure.ts";
import { comparePositions, type Position } from "../core/position.ts";
import type { Collector } from "./collector.ts";
import type { InFlight } from "./in-flight.ts";
import type { Batcher, Owner } from "./batcher.ts";

export class EncodedTopic {
  readonly inFlight: InFlight;
  readonly #lane: Batcher;

  /** The topic's lane is kept from now on. */
  constructor(collector: Collector, topic: string) {
    this.inFlight = collector.inFlight;
    this.#lane = collector.enter(topic, undefined).lane;
  }

  /** Many calls wait for their acknowledgements at once, or did a moment ago. */
  get isCrowded(): boolean {
    return this.#lane.isCrowded;
  }

  open(): EncodedCall {
    return new EncodedCall(this.#lane);
  }
}

export class EncodedCall implements Owner {
  readonly #lane: Batcher;
  #pending = 0;
  #failure: Failure | undefined;
  #settle: (() => void) | undefined;
  /** Of the last durable record. */
  position: Position | undefined;

  constructor(lane: Batcher) {
    this.#lane = lane;
  }

  /** Takes `count` records as they lie in a Frame; the bytes are copied. */
  add(bytes: Buffer, from: number, to: number, count: number): void {
    this.#pending += count;
    this.#lane.add(this, bytes, from, to, count);
  }

  /** Resolves once all that was added is durable. Rejects with what failed; others may be durable. */
  settled(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#settle = () => {
        if (this.#failure === undefined) resolve();
        else reject(this.#failure);
      };
      if (this.#pending > 0 && this.#failure === undefined) this.#lane.want();
      else this.#settle();
    });
  }

  /** Somebody waits for room: what was added so far is to go. */
  want(): void {
    this.#lane.want();
  }

  stored(count: number, last: Position): void {
    const { position } = this;
    if (position === undefined || comparePositions(position, last) < 0) this.position = last;
    this.#told(count);
  }

  failed(count: number, failure: Failure): void {
    this.#failure ??= failure;
    this.#told(count);
  }

  #told(count: number): void {
    this.#pending -= count;
    if (this.#pending === 0 || this.#failure !== undefined) this.#settle?.();
  }
}
