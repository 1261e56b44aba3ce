/** The sequences of an idempotent producer's records, which each of its messages continues. */

import { Failure, invalidIssue } from "../core/failure.ts";
import type { ProducerRun } from "../core/log.ts";
import type { ProducerHead } from "./request.ts";

export class ProducerSequence {
  readonly id: string;
  readonly epoch: number;
  #next: number;
  /** The sequence after the last one that was handed on: refused records lie between. */
  #first: number;

  /** A producer that is named without an id is the one of `before`. Throws `invalid` without either. */
  constructor({ id, epoch, sequence }: ProducerHead, before: ProducerSequence | undefined) {
    const named = id === "" ? before : { id, epoch };
    if (named === undefined) throw noProducerId;
    this.id = named.id;
    this.epoch = named.epoch;
    this.#next = this.#first = sequence;
  }

  /** The next record was refused: its sequence is a gap. */
  skip(): void {
    this.#next++;
  }

  /** The next `count` records. */
  take(count: number): ProducerRun {
    const sequences = Array.from({ length: count }, () => this.#next++);
    const first = this.#first;
    this.#first = this.#next;
    return { id: this.id, epoch: this.epoch, first, sequences };
  }
}

const noProducerId = new Failure(
  "invalid",
  "Cannot use producer: its id is empty, expected 1 to 128 bytes",
  { errors: [invalidIssue("producer.id", "expected 1 to 128 bytes")] },
);
