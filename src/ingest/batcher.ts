/** Gathers the records that many calls bring for one topic into frames, and appends them. */

import { Buffer } from "node:buffer";
import type { Portion } from "../core/access/portion.ts";
import { Batch } from "../core/batch.ts";
import type { Clock } from "../core/clock.ts";
import type { Failure } from "../core/failure.ts";
import { failureFrom } from "../core/failure.ts";
import type { Appended, ProducerRun } from "../core/log.ts";
import type { Position } from "../core/position.ts";
import type { Buffers } from "./buffers.ts";
import type { InFlight } from "./in-flight.ts";
import { WaiterPeak } from "./waiter-peak.ts";

/** Brings records to a batcher, and is notified of what became of them. */
export interface BatchOwner {
  /** Of the caller whose records it brings. */
  readonly portion: Portion | undefined;
  /** `last` is a position of `topic`. */
  stored(count: number, last: Position, topic: string): void;
  failed(count: number, failure: Failure): void;
}

export interface BatcherDeps {
  readonly topic: string;
  readonly clock: Clock;
  readonly lingerMs: number;
  readonly inFlight: InFlight;
  /** Each of `frameBytesMax`. */
  readonly buffers: Buffers;
  readonly append: (batch: Batch, run: ProducerRun | undefined) => Promise<Appended>;
}

/** Large enough that an entry's cost is spread over a thousand records, small enough for a reader. */
export const frameBytesMax = 256 * 1024;
/** The same for records of a few bytes, so that a reader never decodes more at once. */
const frameRecordsMax = 16_384;
/** A quarter of what may be in flight; past it frames wait here, in their order. */
const appendsMax = 64;
const firstBytes = 4 * 1024;
const fewOwners = 8;

/** What one owner has in one frame. */
interface Share {
  readonly owner: BatchOwner;
  count: number;
  bytes: number;
  /** Index of its last record in the frame. */
  last: number;
}

interface Frame {
  bytes: Buffer;
  length: number;
  count: number;
  readonly shares: Share[];
  readonly run: OpenRun | undefined;
}

interface OpenRun extends ProducerRun {
  readonly sequences: number[];
}

/**
 * One frame is open at a time. It is closed by the first of these, and appended as soon as fewer than
 * `appendsMax` others are on their way:
 *
 * 1. It has `frameBytesMax` or `frameRecordsMax`, or the next records do not continue its producer's run.
 * 2. A caller waits for an acknowledgement (`expedite`) and at least half of those that wait at
 *    present have records in the frame. A lone caller's frame therefore goes at once. Many callers go
 *    in two halves, one on its way while the other gathers: an append for each record would cost
 *    more than all the rest of a call.
 * 3. Such a caller waits and half of the others do not come. The frame goes at the end of the turn
 *    where few wait, as a timer would cost more than it gathers; else after 1 ms.
 * 4. Its first record is `lingerMs` old: streams that wait for no acknowledgement fill large frames.
 *
 * The first append of all runs alone: it may have to create the topic and is then sent again, and one
 * beside it would be stored before it.
 *
 * Records are copied once, from their message into the frame that the log stores, and by
 * `Buffer.copy`: a view for each would fill the heap faster than it is collected.
 */
export class Batcher {
  readonly #deps: BatcherDeps;
  /** Closed frames that wait for an append to end. */
  readonly #waiting: Frame[] = [];
  #open: Frame | undefined;
  #appending = 0;
  #appendsMax = 1;
  /** Callers with records in any frame. */
  #owners = 0;
  readonly #peak = new WaiterPeak();
  /** A caller waits for what is in the open frame. */
  #isExpedited = false;
  /** The end of its wait for others is scheduled. */
  #isScheduled = false;
  #sizeHint = firstBytes;
  #cancelLinger: (() => void) | undefined;

  constructor(deps: BatcherDeps) {
    this.#deps = deps;
  }

  get isIdle(): boolean {
    return this.#open === undefined && this.#waiting.length === 0 && this.#appending === 0;
  }

  /** Many callers wait for acknowledgements, or did a moment ago. */
  get hasManyWaiters(): boolean {
    return this.#peak.size(this.#owners, this.#deps.clock.nowMs()) > fewOwners;
  }

  /**
   * Takes `count` encoded records, each with its tag and length, from `bytes[from … to]`; the bytes
   * are copied. `run` has the sequences of an idempotent producer's records.
   */
  add(
    owner: BatchOwner,
    bytes: Buffer,
    from: number,
    to: number,
    count: number,
    run?: ProducerRun,
  ): void {
    const size = to - from;
    const open = this.#open;
    if (open !== undefined && !fits(open, size, count, run)) this.flush();
    const frame = (this.#open ??= this.#begin(size, run));
    if (frame.bytes.byteLength < frame.length + size) grow(frame, size);
    bytes.copy(frame.bytes, frame.length, from, to);
    frame.length += size;
    frame.count += count;
    for (const sequence of run?.sequences ?? []) frame.run?.sequences.push(sequence);
    const share = frame.shares.at(-1);
    if (share?.owner === owner) {
      share.count += count;
      share.bytes += size;
      share.last = frame.count - 1;
    } else {
      frame.shares.push({ owner, count, bytes: size, last: frame.count - 1 });
      this.#owners++;
    }
    this.#deps.inFlight.add(size, owner.portion);
    if (frame.length >= frameBytesMax || frame.count >= frameRecordsMax) this.flush();
  }

  /** A caller waits for the acknowledgement of what was added so far. */
  expedite(): void {
    const open = this.#open;
    if (open === undefined) return;
    const waiters = this.#peak.size(this.#owners, this.#deps.clock.nowMs());
    if (open.shares.length * 2 >= waiters) return this.flush();
    this.#isExpedited = true;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    if (waiters <= fewOwners) setImmediate(this.#flushExpedited);
    else this.#deps.clock.after(1, this.#flushExpedited);
  }

  /** Closes the open frame: it goes as soon as there is room. */
  flush(): void {
    const frame = this.#open;
    if (frame === undefined) return;
    this.#open = undefined;
    this.#isExpedited = false;
    this.#cancelLinger?.();
    this.#cancelLinger = undefined;
    this.#sizeHint = Math.max(firstBytes, Math.min(frameBytesMax, frame.length * 2));
    if (this.#appending < this.#appendsMax) void this.#append(frame);
    else this.#waiting.push(frame);
  }

  readonly #flushExpedited = (): void => {
    this.#isScheduled = false;
    if (this.#isExpedited) this.flush();
  };

  #begin(size: number, run: ProducerRun | undefined): Frame {
    const { clock, lingerMs, buffers } = this.#deps;
    this.#cancelLinger = clock.after(lingerMs, () => this.flush());
    const capacity = Math.max(size, this.#sizeHint);
    const isLarge = capacity * 2 > frameBytesMax && size <= frameBytesMax;
    const bytes = isLarge ? buffers.take() : Buffer.allocUnsafeSlow(capacity);
    return { bytes, length: 0, count: 0, shares: [], run: run && { ...run, sequences: [] } };
  }

  async #append(frame: Frame): Promise<void> {
    this.#appending++;
    const { topic, buffers, inFlight } = this.#deps;
    const batch = Batch.encoded(frame.bytes.subarray(0, frame.length), frame.count);
    try {
      const appended = await this.#deps.append(batch, frame.run);
      this.#appendsMax = appendsMax;
      for (const { owner, count, last } of frame.shares) {
        owner.stored(count, appended.at(last), topic);
      }
      // Not after a failure: the append may still be reading it.
      buffers.give(frame.bytes);
    } catch (error) {
      const failure = failureFrom(error);
      for (const { owner, count } of frame.shares) owner.failed(count, failure);
    }
    for (const { owner, bytes } of frame.shares) inFlight.release(bytes, owner.portion);
    this.#owners -= frame.shares.length;
    this.#appending--;
    while (this.#appending < this.#appendsMax) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      void this.#append(next);
    }
  }
}

/** True where the records may be added to the frame. */
function fits(open: Frame, size: number, count: number, run: ProducerRun | undefined): boolean {
  return (
    open.length + size <= frameBytesMax &&
    open.count + count <= frameRecordsMax &&
    follows(open.run, run)
  );
}

/** True where `next` continues the frame's run. */
function follows(run: OpenRun | undefined, next: ProducerRun | undefined): boolean {
  if (run === undefined || next === undefined) return run === next;
  const last = run.sequences.at(-1) ?? 0;
  return run.id === next.id && run.epoch === next.epoch && next.first === last + 1;
}

function grow(frame: Frame, size: number): void {
  const bytes = Buffer.allocUnsafeSlow(Math.max(frame.length + size, frame.bytes.byteLength * 2));
  frame.bytes.copy(bytes, 0, 0, frame.length);
  frame.bytes = bytes;
}
