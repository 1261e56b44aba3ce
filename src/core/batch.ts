/**
 * What an append carries: records, or the `sluice.v1.Frame` that they lie in already. Whoever needs
 * the other form makes it then, so a record that comes in encoded, and is stored in frames, is never
 * decoded on its way.
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

  static of(records: readonly LogRecord[]): Batch {
    return new Batch(records.length, records, undefined);
  }

  /**
   * `frame` holds `count` records, checked before. Its bytes are the caller's again once the append
   * has resolved: a driver that keeps records for longer copies them.
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

  /** The same with bytes of its own, where they are the caller's. */
  kept(): Batch {
    return this.#records === undefined
      ? Batch.encoded(new Uint8Array(this.frame), this.count)
      : this;
  }

  static from(batch: Batch | readonly LogRecord[]): Batch {
    return batch instanceof Batch ? batch : Batch.of(batch);
  }

  /** The records; those without a time of their own have `unstampedNs`. */
  records(unstampedNs: bigint): readonly LogRecord[] {
    return this.#records ?? decodeFrame(this.frame, unstampedNs);
  }

  /** The records' Frame. */
  get frame(): Uint8Array {
    return (this.#frame ??= encodeFrame(this.#records ?? []));
  }

  /** The Frame is there: storing it costs no encoding. */
  get isEncoded(): boolean {
    return this.#frame !== undefined;
  }

  /** Bytes of the Frame, without making it where it is not there yet: an estimate then. */
  get bytesHeld(): number {
    if (this.#frame !== undefined) return this.#frame.byteLength;
    let bytes = 0;
    for (const record of this.#records ?? []) bytes += record.value.byteLength;
    return bytes;
  }
}
