/**
 * Writes to one topic for many callers that each bring a few records: through the topic's batcher, so
 * that a request of one record costs a share of an append. The caller has checked the records.
 */

import { Buffer } from "node:buffer";
import type { Caller } from "../core/access/caller.ts";
import type { Portion } from "../core/access/portion.ts";
import type { Turn } from "../core/budget/turn.ts";
import type { Failure } from "../core/failure.ts";
import { encodeFrame, RecordEncoder } from "../core/frame.ts";
import { comparePositions, type Position } from "../core/position.ts";
import { bytesOf, type LogRecord, recordBytes } from "../core/record.ts";
import { type Batcher, type BatchOwner, frameBytesMax } from "./batcher.ts";
import type { Collector } from "./collector.ts";
import type { InFlight } from "./in-flight.ts";
import type { Author } from "./topic-rules.ts";

export class Writer {
  readonly #batcher: Batcher;
  readonly #inFlight: InFlight;
  #pending = 0;

  /** The topic must exist; it keeps its place in the collector permanently. */
  constructor(collector: Collector, topic: string, author: Author) {
    this.#batcher = collector.enter(topic, undefined, author).batcher;
    this.#inFlight = collector.inFlight;
  }

  /** Records that were taken and are not durable yet. */
  get pending(): number {
    return this.#pending;
  }

  /** Many callers wait for acknowledgements, or did a moment ago. */
  get hasManyWaiters(): boolean {
    return this.#batcher.hasManyWaiters;
  }

  /**
   * Resolves once the record is durable, in an append that it shares with all that came with it.
   * Throws `overloaded` when too much is in flight, and what the log throws. The record's bytes are
   * copied before this returns.
   */
  append(record: LogRecord, by: Caller): Promise<Position> {
    this.#inFlight.refuseIfFull(by.portion);
    const written = this.#begin(1, by);
    const length = encoder.encode(record);
    if (length === undefined) this.#add(written, [record]);
    else this.#batcher.add(written, scratch, 0, length, 1);
    this.#batcher.expedite();
    return written.done;
  }

  /**
   * The same for many, in their order and in turns; returns the last one's position, undefined without
   * any. All are in flight at once, so that another call sees what this one has yet to encode. Where the
   * turn's caller leaves, some of them are appended.
   */
  async appendAll(
    records: readonly LogRecord[],
    turn: Turn,
    by: Caller,
  ): Promise<Position | undefined> {
    if (records.length === 0) return undefined;
    const { portion } = by;
    // What the batcher does not have yet.
    const left = { count: records.length, bytes: bytesOf(records) };
    this.#inFlight.admit(left.bytes, portion);
    const written = this.#begin(records.length, by);
    // It may fail while the rest waits for its turn: it is awaited, and thrown, after that.
    written.done.catch(() => {});
    try {
      for (const run of runsOf(records)) {
        if (turn.isOver) await turn.next();
        this.#add(written, run);
        const bytes = bytesOf(run);
        left.count -= run.length;
        left.bytes -= bytes;
        this.#inFlight.release(bytes, portion);
      }
    } finally {
      this.#pending -= left.count;
      this.#inFlight.release(left.bytes, portion);
    }
    this.#batcher.expedite();
    return await written.done;
  }

  #begin(count: number, { portion }: Caller): Written {
    this.#pending += count;
    return new Written(count, portion, (settled) => (this.#pending -= settled));
  }

  #add(written: Written, records: readonly LogRecord[]): void {
    const frame = encodeFrame(records);
    const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
    this.#batcher.add(written, bytes, 0, bytes.byteLength, records.length);
  }
}

/** What is encoded here is copied into the batcher's frame in the same turn, so one serves all. */
const scratch = Buffer.alloc(16 * 1024);
const encoder = new RecordEncoder(scratch);

/** What one call has in the batcher. */
class Written implements BatchOwner {
  readonly done: Promise<Position>;
  readonly portion: Portion | undefined;
  readonly #settled: (count: number) => void;
  #resolve: (position: Position) => void = () => {};
  #reject: (failure: Failure) => void = () => {};
  #left: number;
  #last: Position | undefined;

  constructor(count: number, portion: Portion | undefined, settled: (count: number) => void) {
    this.#left = count;
    this.portion = portion;
    this.#settled = settled;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  stored(count: number, last: Position): void {
    // Frames of one call are appended in parallel, and answered in any order.
    if (this.#last === undefined || comparePositions(last, this.#last) > 0) this.#last = last;
    this.#left -= count;
    this.#settled(count);
    if (this.#left === 0) this.#resolve(this.#last);
  }

  failed(count: number, failure: Failure): void {
    this.#settled(count);
    this.#reject(failure);
  }
}

/** Records that are encoded within a millisecond. */
const runRecordsMax = 2000;

/** Runs of records that fit into one frame; a larger record is a run by itself. */
function* runsOf(records: readonly LogRecord[]): Generator<readonly LogRecord[]> {
  let from = 0;
  let bytes = 0;
  for (const [i, record] of records.entries()) {
    const size = recordBytes(record) + record.key.length * 2;
    if (i > from && (bytes + size > frameBytesMax || i - from >= runRecordsMax)) {
      yield records.slice(from, i);
      from = i;
      bytes = 0;
    }
    bytes += size;
  }
  yield records.slice(from);
}
