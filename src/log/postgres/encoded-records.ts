/**
 * Records as a commit or a fetch left them: encoded. They are decoded once, for all readers, when the
 * first of them needs records; readers of frames need none.
 */

import type { Batch } from "../../core/batch.ts";
import type { StoredFrame } from "../../core/log.ts";
import type { StoredRecord } from "../../core/record.ts";
import type { TopicIncarnation } from "./topics.ts";

export interface EncodedRecords {
  readonly records: readonly StoredRecord[];
  /** All of `records` as Frames, where they are stored as such. */
  readonly frames?: readonly StoredFrame[] | undefined;
}

/** Records with adjacent sequences. */
export interface EncodedRun extends EncodedRecords {
  readonly count: number;
  /** Size of the encoded records. */
  readonly bytes: number;
}

/** The records that one commit of this node stored after `base`. */
export class CommittedRecords implements EncodedRun {
  readonly count: number;
  readonly #incarnation: TopicIncarnation;
  readonly #base: number;
  readonly #batches: readonly Batch[];
  readonly #receivedNs: bigint;
  #records: readonly StoredRecord[] | undefined;

  /** Keeps the bytes of the batches. */
  constructor(
    incarnation: TopicIncarnation,
    base: number,
    batches: readonly Batch[],
    receivedNs: bigint,
  ) {
    this.#incarnation = incarnation;
    this.#base = base;
    this.#batches = batches;
    this.#receivedNs = receivedNs;
    this.count = countOf(batches);
  }

  get bytes(): number {
    let bytes = 0;
    for (const batch of this.#batches) bytes += batch.bytesHeld;
    return bytes;
  }

  get records(): readonly StoredRecord[] {
    return (this.#records ??= this.#decode());
  }

  get frames(): readonly StoredFrame[] | undefined {
    const { epoch, layout } = this.#incarnation;
    if (layout !== "frames") return undefined;
    let sequence = this.#base;
    return this.#batches.map(({ frame: bytes, count }) => {
      sequence += count;
      return { bytes, receivedNs: this.#receivedNs, last: { epoch, sequence, index: 0 } };
    });
  }

  #decode(): readonly StoredRecord[] {
    const { epoch } = this.#incarnation;
    const receivedNs = this.#receivedNs;
    const records = this.#batches.flatMap((batch) => batch.records(receivedNs));
    return records.map((record, i) => {
      return { record, position: { epoch, sequence: this.#base + 1 + i, index: 0 }, receivedNs };
    });
  }
}

export function countOf(batches: readonly Batch[]): number {
  let count = 0;
  for (const batch of batches) count += batch.count;
  return count;
}
