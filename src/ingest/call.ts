/** One producer's call: what it brought, what became of it, and what it is told. */
import { Buffer } from "node:buffer";
import { Failure, type Issue, failureFrom, invalidIssue } from "../core/failure.ts";
import { FRAME_RECORDS } from "../core/frame.ts";
import type { ProducerRun } from "../core/log.ts";
import { comparePositions, type Position } from "../core/position.ts";
import type { RecordContract } from "../core/record-contract.ts";
import { WireCursor } from "../core/wire.ts";
import type { TopicGate } from "./schema-gate.ts";
import type { InFlight } from "./in-flight.ts";
import { frameBytesMax, type Batcher, type Owner } from "./batcher.ts";
import type { RecordLimits } from "./limits.ts";
import { readHead, type Head } from "./request.ts";
import { recordsOf, type Walked } from "./walk.ts";
import { checkRecord } from "./wire.ts";

/** Where a call's records go: a topic's form, gate and lane, and how many use it. */
export interface Place {
  readonly topic: string;
  /** Of the records of a topic that has one. */
  readonly form: RecordContract | undefined;
  readonly gate: TopicGate;
  readonly lane: Batcher;
  users: number;
}

/** What a call asks of the collector. */
export interface CallHost {
  readonly limits: RecordLimits;
  readonly inFlight: InFlight;
  enter(topic: string, producerId: string | undefined): Place;
  leave(place: Place): void;
}

/** `index` counts from the start of the call. */
export type Refusal = Issue & { readonly index: number };

export interface CallSummary {
  readonly accepted: number;
  readonly refused: number;
  readonly refusals: readonly Refusal[];
  /** Of the last durable record, in the topic named last. */
  readonly position: Position | undefined;
  readonly ack: "durable" | "received";
}

/** What a message that waits is counted as, besides its bytes. */
const waitingOverheadBytes = 64;

/** What a call's answer lists of its refusals. */
const refusalsMax = 100;

const cursor = new WireCursor(new Uint8Array(0));

export class Call implements Owner {
  readonly #collector: CallHost;
  #place: Place | undefined;
  #producer: { readonly id: string; readonly epoch: number } | undefined;
  #sequence = 0;
  /** Sequence after the last that was handed on: refused records lie between. */
  #runFirst = 0;
  #received = false;
  #index = 0;
  #taken = 0;
  #durable = 0;
  #pending = 0;
  #refused = 0;
  #refusals: Refusal[] = [];
  #position: Position | undefined;
  #failure: Failure | undefined;
  #settle: (() => void) | undefined;
  /** Messages for a gate that is not open, the first of which is being checked; each is pending. */
  #waiting: Buffer[] | undefined;
  #isClosed = false;
  /** Called when something became durable, was refused or failed; for those who answer as they go. */
  progress: (() => void) | undefined;

  constructor(collector: CallHost) {
    this.#collector = collector;
  }

  /** What made the call fail; records before it may be durable all the same. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** Records of which an answer can tell what became of them. */
  get answerable(): number {
    return this.#refused + (this.#received ? this.#taken : this.#durable);
  }

  get pending(): number {
    return this.#pending;
  }

  /**
   * Takes one request message, `bytes[from … to]`; what is kept of it is copied. Whoever hands it
   * over sees to it that not too much is in flight. Throws `invalid` on what is no
   * message, names no topic, or has a producer that cannot be.
   */
  take(bytes: Buffer, from: number, to: number): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#waiting === undefined) {
      const place = this.#enter(bytes, from, to);
      if (place.gate.isOpen) return this.#takeMessage(place, bytes, from, to);
    }
    this.#wait(Buffer.from(bytes.subarray(from, to)));
  }

  /** Resolves once all that was taken is durable. Rejects with what failed. */
  async settled(): Promise<void> {
    if (this.#pending > 0 && (!this.#received || this.#waiting !== undefined)) {
      this.#place?.lane.want();
      await new Promise<void>((resolve) => (this.#settle = resolve));
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Somebody waits for what was taken so far. */
  want(): void {
    this.#place?.lane.want();
  }

  /** Refusals are handed out once. */
  summary(): CallSummary {
    const refusals = this.#refusals;
    this.#refusals = [];
    return {
      accepted: this.#received ? this.#taken : this.#durable,
      refused: this.#refused,
      refusals,
      position: this.#position,
      ack: this.#received ? "received" : "durable",
    };
  }

  /** Whatever was taken goes on to the log. */
  close(): void {
    this.#isClosed = true;
    if (this.#waiting !== undefined) return;
    if (this.#place !== undefined) this.#collector.leave(this.#place);
    this.#place = undefined;
  }

  stored(count: number, last: Position, topic: string): void {
    this.#durable += count;
    // Records of a topic named before may become durable later than those of the one named last.
    if (topic === this.#place?.topic) this.#position = later(this.#position, last);
    this.#told(count);
  }

  failed(count: number, failure: Failure): void {
    this.#failure ??= failure;
    this.#told(count);
  }

  #told(count: number): void {
    this.#pending -= count;
    const isSettled =
      this.#pending === 0 ||
      this.#failure !== undefined ||
      (this.#received && this.#waiting === undefined);
    if (this.#settle !== undefined && isSettled) {
      this.#settle();
      this.#settle = undefined;
    }
    this.progress?.();
  }

  /** Reads what a message says beside its records. Doing so twice in a row changes nothing. */
  #enter(bytes: Buffer, from: number, to: number): Place {
    const head = readHead(bytes, from, to);
    if (head !== undefined) this.#apply(head);
    if (this.#place === undefined) throw noTopic;
    return this.#place;
  }

  /** Until its records are checked, a message and all that follow it wait here, in their order. */
  #wait(message: Buffer): void {
    this.#pending++;
    this.#collector.inFlight.add(message.byteLength + waitingOverheadBytes);
    if (this.#waiting !== undefined) this.#waiting.push(message);
    else void this.#takeWaiting((this.#waiting = [message]));
  }

  async #takeWaiting(waiting: Buffer[]): Promise<void> {
    let done = 0;
    for (let message = waiting[0]; message !== undefined; message = waiting[done]) {
      try {
        if (this.#failure === undefined) await this.#takeChecked(message);
      } catch (error) {
        this.#failure ??= failureFrom(error);
      }
      // Many at a time: each removal moves all that stay.
      if (++done === 256) {
        waiting.splice(0, done);
        done = 0;
      }
      if (done === waiting.length) this.#waiting = undefined;
      this.#collector.inFlight.release(message.byteLength + waitingOverheadBytes);
      if (this.#settle !== undefined) this.want();
      this.#told(1);
    }
    if (this.#isClosed) this.close();
  }

  async #takeChecked(message: Buffer): Promise<void> {
    const place = this.#enter(message, 0, message.byteLength);
    if (place.gate.isOpen) return this.#takeMessage(place, message, 0, message.byteLength);
    const walked = recordsOf(message, this.#collector.limits, place.form);
    const records = walked.flatMap((one) => ("record" in one ? [one.record] : []));
    this.#takeWalked(place, walked, await place.gate.check(records));
  }

  /** Of a topic that has no rule. */
  #takeMessage(place: Place, bytes: Buffer, from: number, to: number): void {
    if (place.form === undefined) return this.#takeRecords(place, bytes, from, to);
    const message = bytes.subarray(from, to);
    this.#takeWalked(place, recordsOf(message, this.#collector.limits, place.form), []);
  }

  /** `found` has what is wrong with each of those that are records. */
  #takeWalked(
    place: Place,
    walked: readonly Walked[],
    found: readonly (Issue | undefined)[],
  ): void {
    const issues = found.values();
    for (const one of walked) {
      const issue = "issue" in one ? one.issue : issues.next().value;
      if (issue !== undefined) this.#refuse(issue);
      else if ("record" in one) this.#add(place, one.bytes, one.from, one.to, 1);
    }
  }

  #apply(head: Head): void {
    if (head.ack !== undefined) this.#received = head.ack === "received";
    const { producer } = head;
    const topic = head.topic ?? this.#place?.topic;
    if (producer !== undefined) {
      // Its id and epoch hold for the rest of the stream.
      const id = producer.id === "" ? this.#producer?.id : producer.id;
      if (id === undefined) throw noProducerId;
      this.#producer = {
        id,
        epoch: producer.id === "" ? (this.#producer?.epoch ?? 0) : producer.epoch,
      };
      this.#sequence = this.#runFirst = producer.sequence;
    }
    if (topic === undefined) return;
    const before = this.#place;
    if (before?.topic === topic && producer === undefined) return;
    // Entered first: another topic's name may be refused, and the call still has its place.
    this.#place = this.#collector.enter(topic, this.#producer?.id);
    if (before === undefined) return;
    if (before.topic !== topic) this.#position = undefined;
    this.#collector.leave(before);
  }

  #takeRecords(place: Place, bytes: Buffer, from: number, to: number): void {
    const { limits } = this.#collector;
    let runAt = from;
    let runCount = 0;
    let at = from;
    while (at < to) {
      cursor.reset(bytes, at, to);
      const tag = cursor.varint();
      if (tag !== FRAME_RECORDS) {
        this.#add(place, bytes, runAt, at, runCount);
        cursor.skip(tag);
        at = runAt = cursor.at;
        runCount = 0;
        continue;
      }
      const end = cursor.delimited();
      cursor.end = end;
      const issue = checkRecord(cursor, limits);
      const isFull = end - runAt > frameBytesMax;
      if (issue === undefined && !isFull) runCount++;
      else {
        this.#add(place, bytes, runAt, at, runCount);
        runAt = issue === undefined ? at : end;
        runCount = issue === undefined ? 1 : 0;
        if (issue !== undefined) this.#refuse(issue);
      }
      at = end;
    }
    this.#add(place, bytes, runAt, to, runCount);
  }

  #add(place: Place, bytes: Buffer, from: number, to: number, count: number): void {
    if (count === 0) return;
    const run = this.#producer === undefined ? undefined : this.#runOf(this.#producer, count);
    this.#index += count;
    this.#taken += count;
    this.#pending += count;
    place.lane.add(this, bytes, from, to, count, run);
  }

  #refuse(issue: Issue): void {
    const index = this.#index++;
    this.#sequence++;
    this.#refused++;
    if (this.#refused <= refusalsMax) this.#refusals.push({ ...issue, index });
    this.progress?.();
  }

  #runOf({ id, epoch }: { id: string; epoch: number }, count: number): ProducerRun {
    const sequences = Array.from({ length: count }, () => this.#sequence++);
    const first = this.#runFirst;
    this.#runFirst = this.#sequence;
    return { id, epoch, first, sequences };
  }
}

/** Appends may be answered out of their order. */
function later(a: Position | undefined, b: Position): Position {
  return a === undefined || comparePositions(a, b) < 0 ? b : a;
}

const noTopic = new Failure(
  "invalid",
  "Cannot take records: no topic was named, expected one in the first message",
  {
    errors: [invalidIssue("topic", "expected 1 to 200 characters of A-Z a-z 0-9 . _ -")],
  },
);
const noProducerId = new Failure(
  "invalid",
  "Cannot use producer: its id is empty, expected 1 to 128 bytes",
  {
    errors: [invalidIssue("producer.id", "expected 1 to 128 bytes")],
  },
);
