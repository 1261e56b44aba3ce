/** One producer's call: what it brought, what became of it, and what it is told. */
import type { Buffer } from "node:buffer";
import { Failure, type Issue } from "../core/failure.ts";
import type { Position } from "../core/position.ts";
import { frameBytesMax, type Lane, type Owner } from "./lane.ts";
import type { RecordLimits } from "./limits.ts";
import { readHead, type Head } from "./request.ts";
import type { ProducerRun } from "../core/log.ts";
import { checkRecord, Cursor, RECORDS, type SeenRecord } from "./wire.ts";

/** Where a call's records go: a topic's lane, and how many use it. */
export interface Place {
  readonly topic: string;
  readonly lane: Lane;
  users: number;
}

/** What a call asks of the collector. */
export interface CallHost {
  readonly limits: RecordLimits;
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

/** What a call's answer lists of its refusals. */
const refusalsMax = 100;

const cursor = new Cursor(new Uint8Array(0), 0, 0);
const seen: SeenRecord = { valueAt: 0, valueEnd: 0, schemaId: 0 };

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
  /** Called when something became durable or failed; for those who answer as they go. */
  progress: (() => void) | undefined;

  constructor(collector: CallHost) {
    this.#collector = collector;
  }

  /** What made the call fail; records before it may be durable all the same. */
  get failure(): Failure | undefined {
    return this.#failure;
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
    const head = readHead(bytes, from, to);
    if (head !== undefined) this.#apply(head);
    if (this.#place === undefined) throw noTopic;
    this.#takeRecords(this.#place, bytes, from, to);
  }

  /** Resolves once all that was taken is durable. Rejects with what failed. */
  async settled(): Promise<void> {
    if (this.#pending > 0 && !this.#received) {
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
    if (this.#place !== undefined) this.#collector.leave(this.#place);
    this.#place = undefined;
  }

  stored(count: number, last: Position): void {
    this.#durable += count;
    this.#position = last;
    this.#told(count);
  }

  failed(count: number, failure: Failure): void {
    this.#failure ??= failure;
    this.#told(count);
  }

  #told(count: number): void {
    this.#pending -= count;
    if (this.#settle !== undefined && (this.#pending === 0 || this.#failure !== undefined)) {
      this.#settle();
      this.#settle = undefined;
    }
    this.progress?.();
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
      cursor.bytes = bytes;
      cursor.at = at;
      cursor.end = to;
      const tag = cursor.varint();
      if (tag !== RECORDS) {
        this.#add(place, bytes, runAt, at, runCount);
        cursor.skip(tag);
        at = runAt = cursor.at;
        runCount = 0;
        continue;
      }
      const end = cursor.delimited();
      cursor.end = end;
      const issue = checkRecord(cursor, limits, seen);
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
  }

  #runOf({ id, epoch }: { id: string; epoch: number }, count: number): ProducerRun {
    const sequences = Array.from({ length: count }, () => this.#sequence++);
    const first = this.#runFirst;
    this.#runFirst = this.#sequence;
    return { id, epoch, first, sequences };
  }
}

const noTopic = new Failure(
  "invalid",
  "Cannot take records: no topic was named, wanted one in the first message",
  {
    errors: [
      {
        field: "topic",
        code: "invalid",
        message: "wanted 1 to 200 characters of A-Z a-z 0-9 . _ -",
      },
    ],
  },
);
const noProducerId = new Failure(
  "invalid",
  "Cannot use producer: its id is empty, wanted 1 to 128 bytes",
  {
    errors: [{ field: "producer.id", code: "invalid", message: "wanted 1 to 128 bytes" }],
  },
);
