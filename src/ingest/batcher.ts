/**
 * A lane gathers the records that many calls bring for one topic into frames, and appends them. A
 * frame goes when it is large enough, when its first record has waited `lingerMs`, or, once somebody
 * waits for an acknowledgement, as soon as half of those who wait are in it: a lone call is not kept
 * waiting, and a crowd shares appends (a publish of its own for each record costs more than all the
 * rest of a call).
 *
 * Records are copied once, from the message they came in to the frame that the log stores, and by
 * `Buffer.copy`: a view for each would fill the heap faster than it is collected.
 */
import { Buffer } from "node:buffer";
import { Batch } from "../core/batch.ts";
import type { Clock } from "../core/clock.ts";
import type { Failure } from "../core/failure.ts";
import { failureFrom } from "../core/failure.ts";
import type { Appended, ProducerRun } from "../core/log.ts";
import type { Position } from "../core/position.ts";
import type { Buffers } from "./buffers.ts";
import { WaiterPeak } from "./waiter-peak.ts";
import type { InFlight } from "./in-flight.ts";

/** Whoever brought records to a lane, and hears what became of them. */
export interface Owner {
  /** `last` is a position of `topic`. */
  stored(count: number, last: Position, topic: string): void;
  failed(count: number, failure: Failure): void;
}

export interface LaneParts {
  readonly topic: string;
  readonly clock: Clock;
  readonly lingerMs: number;
  readonly inFlight: InFlight;
  /** Of `frameBytesMax` each. */
  readonly buffers: Buffers;
  readonly append: (batch: Batch, run: ProducerRun | undefined) => Promise<Appended>;
}

/** Large enough that an entry's cost is spread over a thousand records, small enough for a reader. */
export const frameBytesMax = 256 * 1024;
/** A quarter of what is in flight at most; past it frames wait here, in their order. */
const appendsMax = 64;
const firstBytes = 4 * 1024;
/** So few are not worth a timer: what comes in the same turn is enough to wait for. */
const fewOwners = 8;

/** What one owner has in one frame: `last` is the index of its last record there. */
interface Share {
  readonly owner: Owner;
  count: number;
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

export class Batcher {
  readonly #parts: LaneParts;
  readonly #waiting: Frame[] = [];
  #open: Frame | undefined;
  #appending = 0;
  /**
   * The first append may have to make the topic, and is sent again then: one beside it would be
   * stored before it.
   */
  #appendsMax = 1;
  /** Callers with records in any frame. */
  #owners = 0;
  readonly #crowd = new WaiterPeak();
  #wanted = false;
  #isDue = false;
  #sizeHint = firstBytes;
  #cancelLinger: (() => void) | undefined;

  constructor(parts: LaneParts) {
    this.#parts = parts;
  }

  get isIdle(): boolean {
    return this.#open === undefined && this.#waiting.length === 0 && this.#appending === 0;
  }

  /** Many wait for their acknowledgements at once, or did a moment ago. */
  get isCrowded(): boolean {
    return this.#crowd.size(this.#owners, this.#parts.clock.nowMs()) > fewOwners;
  }

  /**
   * Takes `count` encoded records, each with its tag and length, from `bytes[from … to]`; the bytes
   * are copied. `run` numbers them, where they are an idempotent producer's.
   */
  add(
    owner: Owner,
    bytes: Buffer,
    from: number,
    to: number,
    count: number,
    run?: ProducerRun,
  ): void {
    const size = to - from;
    const open = this.#open;
    if (open !== undefined && (open.length + size > frameBytesMax || !follows(open.run, run))) {
      this.flush();
    }
    const frame = (this.#open ??= this.#begin(size, run));
    if (frame.bytes.byteLength < frame.length + size) grow(frame, size);
    bytes.copy(frame.bytes, frame.length, from, to);
    frame.length += size;
    frame.count += count;
    for (const sequence of run?.sequences ?? []) frame.run?.sequences.push(sequence);
    const share = frame.shares.at(-1);
    if (share?.owner === owner) {
      share.count += count;
      share.last = frame.count - 1;
    } else {
      frame.shares.push({ owner, count, last: frame.count - 1 });
      this.#owners++;
    }
    this.#parts.inFlight.add(size);
    if (frame.length >= frameBytesMax) this.flush();
  }

  /**
   * Somebody waits for what was added so far. It goes once half of those who wait at present are in
   * it: one caller at once, and a crowd in two halves, of which one is on its way while the other
   * gathers. Half of a crowd that does not come is waited for a millisecond at most.
   */
  want(): void {
    const open = this.#open;
    if (open === undefined) return;
    const crowd = this.#crowd.size(this.#owners, this.#parts.clock.nowMs());
    if (open.shares.length * 2 >= crowd) return this.flush();
    this.#wanted = true;
    if (this.#isDue) return;
    this.#isDue = true;
    if (crowd <= fewOwners) setImmediate(this.#due);
    else this.#parts.clock.after(1, this.#due);
  }

  /** Closes the open frame: it goes as soon as there is room. */
  flush(): void {
    const frame = this.#open;
    if (frame === undefined) return;
    this.#open = undefined;
    this.#wanted = false;
    this.#cancelLinger?.();
    this.#cancelLinger = undefined;
    this.#sizeHint = Math.max(firstBytes, Math.min(frameBytesMax, frame.length * 2));
    if (this.#appending < this.#appendsMax) void this.#append(frame);
    else this.#waiting.push(frame);
  }

  readonly #due = (): void => {
    this.#isDue = false;
    if (this.#wanted) this.flush();
  };

  #begin(size: number, run: ProducerRun | undefined): Frame {
    const { clock, lingerMs, buffers } = this.#parts;
    this.#cancelLinger = clock.after(lingerMs, () => this.flush());
    const wanted = Math.max(size, this.#sizeHint);
    const isFull = wanted * 2 > frameBytesMax && size <= frameBytesMax;
    const bytes = isFull ? buffers.take() : Buffer.allocUnsafeSlow(wanted);
    return { bytes, length: 0, count: 0, shares: [], run: run && { ...run, sequences: [] } };
  }

  async #append(frame: Frame): Promise<void> {
    this.#appending++;
    const { topic, buffers } = this.#parts;
    const batch = Batch.encoded(frame.bytes.subarray(0, frame.length), frame.count);
    try {
      const appended = await this.#parts.append(batch, frame.run);
      this.#appendsMax = appendsMax;
      for (const { owner, count, last } of frame.shares) {
        owner.stored(count, appended.at(last), topic);
      }
      // Not after a failure: it may still be on its way.
      buffers.give(frame.bytes);
    } catch (error) {
      const failure = failureFrom(error);
      for (const { owner, count } of frame.shares) owner.failed(count, failure);
    }
    this.#parts.inFlight.release(frame.length);
    this.#owners -= frame.shares.length;
    this.#appending--;
    while (this.#appending < this.#appendsMax) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      void this.#append(next);
    }
  }
}

/** True where `next` goes on where the frame's run ends. */
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
