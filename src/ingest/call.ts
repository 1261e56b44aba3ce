/** One producer's call: what it brought, what became of it, and what it is answered. */

import { Buffer } from "node:buffer";
import type { Caller } from "../core/access/caller.ts";
import type { Portion } from "../core/access/portion.ts";
import type { Turns } from "../core/budget/turn.ts";
import { Failure, failureFrom, invalidIssue, type Issue } from "../core/failure.ts";
import { FRAME_RECORDS } from "../core/frame.ts";
import type { RecordCounts } from "../core/metrics/records.ts";
import { comparePositions, type Position, renderPosition } from "../core/position.ts";
import type { RecordContract } from "../core/record-contract.ts";
import { WireCursor } from "../core/wire.ts";
import { type Batcher, type BatchOwner, frameBytesMax } from "./batcher.ts";
import type { InFlight } from "./in-flight.ts";
import type { RecordLimits } from "./limits.ts";
import { MessageQueue } from "./message-queue.ts";
import { type MessageRecord, recordsOfMessage } from "./message-records.ts";
import { ProducerSequence } from "./producer-sequence.ts";
import { type Head, readHead } from "./request.ts";
import type { TopicGate } from "./schema-gate.ts";
import { withTraceHeader } from "./trace-header.ts";
import { checkRecord } from "./wire.ts";

/** A topic that calls append to: its rules, its batcher, and how many calls use it. */
export interface OpenTopic {
  readonly topic: string;
  /** Undefined: the topic's records may be anything. */
  readonly contract: RecordContract | undefined;
  readonly gate: TopicGate;
  readonly batcher: Batcher;
  users: number;
}

/** What a call needs of the collector. */
export interface CallHost {
  readonly limits: RecordLimits;
  readonly inFlight: InFlight;
  readonly turns: Turns;
  readonly counts: RecordCounts;
  enter(topic: string, producerId: string | undefined, by: Caller): OpenTopic;
  leave(target: OpenTopic): void;
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

/** What a call's answer lists of its refusals. */
const refusalsMax = 100;

/**
 * A larger message to a topic with a contract is taken in turns: each of its records is decoded, and a
 * refusal costs some 10 us.
 */
const contractBytesMax = 16 * 1024;

/** Records between two looks at the clock. */
const recordsPerLook = 32;

const cursor = new WireCursor(new Uint8Array(0));

export class Call implements BatchOwner {
  readonly #collector: CallHost;
  readonly #by: Caller;
  readonly #trace: Uint8Array | undefined;
  /** Made with its first message: few calls ever need one. */
  #queue: MessageQueue | undefined;
  #target: OpenTopic | undefined;
  #producer: ProducerSequence | undefined;
  /** Records count as accepted once they are received, not once they are durable. */
  #received = false;
  #index = 0;
  #taken = 0;
  #durable = 0;
  /** Records that are on their way to the log, and queued messages. */
  #pending = 0;
  #refused = 0;
  #refusals: Refusal[] = [];
  #position: Position | undefined;
  #failure: Failure | undefined;
  #settle: (() => void) | undefined;
  #isClosed = false;
  readonly portion: Portion | undefined;
  /** Called when something became durable, was refused or failed; for callers that answer as they go. */
  progress: (() => void) | undefined;

  /** `trace`: a header field that its records get, see `traceHeaderField`. */
  constructor(collector: CallHost, by: Caller, trace?: Uint8Array) {
    this.#trace = trace;
    this.#collector = collector;
    this.#by = by;
    this.portion = by.portion;
  }

  /** What made the call fail; records before it may be durable all the same. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** Number of records whose outcome an answer can report. */
  get answerable(): number {
    return this.#refused + (this.#received ? this.#taken : this.#durable);
  }

  get pending(): number {
    return this.#pending;
  }

  /**
   * Takes one request message, `bytes[from … to]`; what is kept of it is copied. The caller must see
   * to it that not too much is in flight. Throws `invalid` on bytes that are not a message, on one
   * without a topic, and on a producer that cannot be.
   */
  take(bytes: Buffer, from: number, to: number): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (!this.#isQueueing) {
      const target = this.#enter(bytes, from, to);
      const isLong = target.contract !== undefined && to - from > contractBytesMax;
      if (target.gate.isOpen && !isLong) return this.#append(target, bytes, from, to);
    }
    this.#pending++;
    this.#queue ??= this.#openQueue();
    this.#queue.push(Buffer.from(bytes.subarray(from, to)));
  }

  /** Resolves once all that was taken is durable. Rejects with what failed. */
  async settled(): Promise<void> {
    if (this.#pending > 0 && (!this.#received || this.#isQueueing)) {
      this.expedite();
      await new Promise<void>((resolve) => (this.#settle = resolve));
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /**
   * Nothing more will be taken, for this reason. Resolves once what was taken is durable, with a failure
   * that says where that ends.
   */
  async endedBy(reason: Failure): Promise<Failure> {
    try {
      await this.settled();
    } catch (error) {
      return failureFrom(error);
    }
    if (this.#position === undefined) return reason;
    return new Failure(reason.code, reason.message, { position: renderPosition(this.#position) });
  }

  /** A reader waits for the answer to what was taken so far. */
  expedite(): void {
    this.#target?.batcher.expedite();
  }

  /** Each refusal is in one summary only. */
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

  /** What was taken still goes on to the log. */
  close(): void {
    this.#isClosed = true;
    if (this.#isQueueing) return;
    if (this.#target !== undefined) this.#collector.leave(this.#target);
    this.#target = undefined;
  }

  stored(count: number, last: Position, topic: string): void {
    this.#durable += count;
    this.#collector.counts.accepted.add("rpc", count);
    // Records of a topic named before may become durable later than those of the one named last.
    if (topic === this.#target?.topic) this.#position = later(this.#position, last);
    this.#finish(count);
  }

  failed(count: number, failure: Failure): void {
    this.#failure ??= failure;
    this.#finish(count);
  }

  #finish(count: number): void {
    this.#pending -= count;
    const isSettled =
      this.#pending === 0 || this.#failure !== undefined || (this.#received && !this.#isQueueing);
    if (this.#settle !== undefined && isSettled) {
      this.#settle();
      this.#settle = undefined;
    }
    this.progress?.();
  }

  /** Applies what a message says beside its records. Doing so twice in a row changes nothing. */
  #enter(bytes: Buffer, from: number, to: number): OpenTopic {
    const head = readHead(bytes, from, to, this.#collector.limits.batchRecordsMax);
    if (head !== undefined) this.#apply(head);
    if (this.#target === undefined) throw noTopic;
    return this.#target;
  }

  #apply(head: Head): void {
    if (head.ack !== undefined) this.#received = head.ack === "received";
    const { producer } = head;
    const topic = head.topic ?? this.#target?.topic;
    // Its id and epoch are valid for the rest of the stream.
    if (producer !== undefined) this.#producer = new ProducerSequence(producer, this.#producer);
    if (topic === undefined) return;
    const before = this.#target;
    if (before?.topic === topic && producer === undefined) return;
    // Entered first: another topic's name may be refused, and the call still has its topic.
    this.#target = this.#collector.enter(topic, this.#producer?.id, this.#by);
    if (before === undefined) return;
    if (before.topic !== topic) this.#position = undefined;
    this.#collector.leave(before);
  }

  get #isQueueing(): boolean {
    return this.#queue !== undefined && !this.#queue.isEmpty;
  }

  #openQueue(): MessageQueue {
    return new MessageQueue({
      inFlight: this.#collector.inFlight,
      portion: this.portion,
      process: (message) => this.#process(message),
      processed: () => {
        if (this.#settle !== undefined) this.expedite();
        this.#finish(1);
      },
      drained: () => {
        if (this.#isClosed) this.close();
      },
    });
  }

  /** Takes a message from the queue. After a failure the rest of the queue is dropped. */
  async #process(message: Buffer): Promise<void> {
    if (this.#failure !== undefined) return;
    try {
      const target = this.#enter(message, 0, message.byteLength);
      if (!target.gate.isOpen) await this.#checkThenAppend(target, message);
      else if (target.contract === undefined) {
        this.#appendPlain(target, message, 0, message.byteLength);
      } else await this.#appendInTurns(target, message, target.contract);
    } catch (error) {
      this.#failure ??= failureFrom(error);
    }
  }

  /** To a topic without a schema rule. */
  #append(target: OpenTopic, bytes: Buffer, from: number, to: number): void {
    if (target.contract === undefined) this.#appendPlain(target, bytes, from, to);
    else this.#appendWithContract(target, bytes.subarray(from, to), target.contract);
  }

  /** Copies runs of records as they came, without decoding them: the path that nearly all take. */
  #appendPlain(target: OpenTopic, bytes: Buffer, from: number, to: number): void {
    const { limits } = this.#collector;
    let runAt = from;
    let runCount = 0;
    let at = from;
    while (at < to) {
      cursor.reset(bytes, at, to);
      const tag = cursor.varint();
      if (tag !== FRAME_RECORDS) {
        this.#add(target, bytes, runAt, at, runCount);
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
        this.#add(target, bytes, runAt, at, runCount);
        runAt = issue === undefined ? at : end;
        runCount = issue === undefined ? 1 : 0;
        if (issue !== undefined) this.#refuse(issue);
      }
      at = end;
    }
    this.#add(target, bytes, runAt, to, runCount);
  }

  /** Each record as its topic's contract changes it. */
  #appendWithContract(target: OpenTopic, message: Buffer, contract: RecordContract): void {
    for (const one of this.#recordsOf(message, contract)) {
      this.#appendOne(target, one, undefined);
    }
  }

  async #appendInTurns(
    target: OpenTopic,
    message: Buffer,
    contract: RecordContract,
  ): Promise<void> {
    const turn = this.#collector.turns.open();
    let count = 0;
    for (const one of this.#recordsOf(message, contract)) {
      if (++count % recordsPerLook === 0 && turn.isOver) await turn.next();
      this.#appendOne(target, one, undefined);
    }
  }

  /** To a topic with a schema rule, or of which that is not known yet. */
  async #checkThenAppend(target: OpenTopic, message: Buffer): Promise<void> {
    const turn = this.#collector.turns.open();
    const all: MessageRecord[] = [];
    for (const one of this.#recordsOf(message, target.contract)) {
      if (all.length % recordsPerLook === 0 && turn.isOver) await turn.next();
      all.push(one);
    }
    const records = all.flatMap((one) => ("record" in one ? [one.record] : []));
    // One for each that is a record; undefined where nothing is wrong with it.
    const issues = (await target.gate.check(records)).values();
    for (const one of all) {
      this.#appendOne(target, one, "record" in one ? issues.next().value : undefined);
    }
  }

  #recordsOf(message: Buffer, contract: RecordContract | undefined): Iterable<MessageRecord> {
    return recordsOfMessage(message, this.#collector.limits, contract, this.#by);
  }

  #appendOne(target: OpenTopic, one: MessageRecord, found: Issue | undefined): void {
    const issue = "issue" in one ? one.issue : found;
    if (issue !== undefined) this.#refuse(issue);
    else if ("record" in one) this.#add(target, one.bytes, one.from, one.to, 1);
  }

  #add(target: OpenTopic, bytes: Buffer, from: number, to: number, count: number): void {
    if (count === 0) return;
    const run = this.#producer?.take(count);
    this.#index += count;
    this.#taken += count;
    this.#pending += count;
    this.#by.allowance?.spend(count, to - from);
    if (this.#trace === undefined) target.batcher.add(this, bytes, from, to, count, run);
    else {
      const traced = withTraceHeader(bytes, from, to, this.#trace);
      target.batcher.add(this, traced, 0, traced.byteLength, count, run);
    }
  }

  #refuse(issue: Issue): void {
    const index = this.#index++;
    this.#producer?.skip();
    this.#refused++;
    const { counts } = this.#collector;
    counts.refused.add(issue.code);
    if (this.#target !== undefined) counts.topics.refuse(this.#target.topic, [issue]);
    if (this.#refused <= refusalsMax) this.#refusals.push({ ...issue, index });
    this.progress?.();
  }
}

/** Appends may be answered out of their order. */
function later(a: Position | undefined, b: Position): Position {
  return a === undefined || comparePositions(a, b) < 0 ? b : a;
}

const noTopic = new Failure(
  "invalid",
  "Cannot take records: no topic was named, expected one in the first message",
  { errors: [invalidIssue("topic", "expected 1 to 200 characters of A-Z a-z 0-9 . _ -")] },
);
