/**
 * The records of an append: as objects, or in the `sluice.v1.Frame` in which they arrived. The other
 * form is made when a driver needs it, so a record that arrives encoded and is stored in frames is
 * never decoded.
 */

import { decodeFrame, encodeFrame, offsetOf } from "./frame.ts";
import type { LogRecord } from "./record.ts";

export class Batch {
  readonly count: number;
  readonly #records: readonly LogRecord[] | undefined;
  #frame: Uint8Array | undefined;

  private constructor(
    count: number,
    records: readonly LogRecord[] | undefined,
    frame: Uint8Array | undefined,
  ) {
    this.count = count;
    this.#records = records;
    this.#frame = frame;
  }

  /** `frame`: the records' Frame, where it is encoded already. */
  static of(records: readonly LogRecord[], frame?: Uint8Array): Batch {
    return new Batch(records.length, records, frame);
  }

  /**
   * `frame` contains `count` records that were checked before. The caller may reuse its bytes once the
   * append has resolved: a driver that keeps records for longer must copy them (`kept`).
   */
  static encoded(frame: Uint8Array, count: number): Batch {
    return new Batch(count, undefined, frame);
  }

  /** Without its first `count` records. */
  skip(count: number): Batch {
    if (count === 0) return this;
    if (this.#records !== undefined) return Batch.of(this.#records.slice(count));
    return Batch.encoded(this.frame.subarray(offsetOf(this.frame, count)), this.count - count);
  }

  /** The same batch with copied bytes, where they are the caller's. */
  kept(): Batch {
    return this.#records === undefined
      ? Batch.encoded(new Uint8Array(this.frame), this.count)
      : this;
  }

  static from(batch: Batch | readonly LogRecord[]): Batch {
    return batch instanceof Batch ? batch : Batch.of(batch);
  }

  /** The records; those without a time get `unstampedNs`. */
  records(unstampedNs: bigint): readonly LogRecord[] {
    return this.#records ?? decodeFrame(this.frame, unstampedNs);
  }

  /** The records' Frame. */
  get frame(): Uint8Array {
    return (this.#frame ??= encodeFrame(this.#records ?? []));
  }

  /** True when storing the Frame needs no encoding. */
  get isEncoded(): boolean {
    return this.#frame !== undefined;
  }

  /** True where the records are objects, also where their Frame is encoded already. */
  get isDecoded(): boolean {
    return this.#records !== undefined;
  }

  /** Bytes of the Frame; an estimate where it is not encoded yet. */
  get bytesHeld(): number {
    if (this.#frame !== undefined) return this.#frame.byteLength;
    let bytes = 0;
    for (const record of this.#records ?? []) bytes += record.value.byteLength;
    return bytes;
  }
}
