/**
 * A log in virtual time that does everything that the port allows: it answers late, in batches of any
 * size, fails during reads, trims under its readers and loses whole topics.
 *
 * It keeps every record that it ever had, in the order of each epoch, for the checks.
 */

import { sleep } from "../../src/core/clock.ts";
import { Failure } from "../../src/core/failure.ts";
import type { Appended, Bounds, Log, LogBatch, ReadOptions } from "../../src/core/log.ts";
import {
  comparePositions,
  epochStart,
  type Position,
  renderPosition,
} from "../../src/core/position.ts";
import { type LogRecord, residentBytes, type StoredRecord } from "../../src/core/record.ts";
import type { SimClock } from "./clock.ts";
import type { Random } from "./random.ts";

/** How this log behaves; drawn once for a run, and partly changed during it. */
export interface LogHabits {
  latencyMsMax: number;
  /** Share of the calls that answer late. */
  lateShare: number;
  failShare: number;
  batchMax: number;
  /** A read may return the rest of a batch that reaches past `until`. */
  overshoots: boolean;
  /** Sequences without a record, like the markers of a broker's transactions. */
  gapShare: number;
  outage: "none" | "refuses" | "hangs";
}

/** For tests of the hub alone: it answers at once, and never fails. */
export const calm: LogHabits = {
  latencyMsMax: 0,
  lateShare: 0,
  failShare: 0,
  batchMax: 1000,
  overshoots: false,
  gapShare: 0,
  outage: "none",
};

interface Topic {
  readonly epoch: number;
  readonly records: StoredRecord[];
  start: Position;
  end: Position;
}

export class SimLog implements Log {
  readonly driver = "memory";
  readonly habits: LogHabits;
  /** Number of reads and other calls that have not ended. */
  open = 0;
  readonly #clock: SimClock;
  readonly #random: Random;
  readonly #topics = new Map<string, Topic>();
  readonly #history = new Map<string, StoredRecord[]>();
  readonly #waiting = new Set<() => void>();
  #tailed: { readonly ms: number; readonly bytes: number }[] = [];

  constructor(clock: SimClock, random: Random, habits: LogHabits) {
    this.#clock = clock;
    this.#random = random;
    this.habits = habits;
  }

  /** Creates or recreates the topic: its records are gone and a later epoch begins. */
  create(name: string): void {
    const epoch = this.#clock.nowMs();
    const records: StoredRecord[] = [];
    this.#topics.set(name, { epoch, records, start: epochStart(epoch), end: epochStart(epoch) });
    this.#history.set(`${name} ${epoch}`, records);
    this.wake();
  }

  remove(name: string): void {
    this.#topics.delete(name);
    this.wake();
  }

  topic(name: string): Readonly<Topic> | undefined {
    return this.#topics.get(name);
  }

  /** Every record of that incarnation of the topic, trimmed ones included. */
  history(name: string, epoch: number): readonly StoredRecord[] {
    return this.#history.get(`${name} ${epoch}`) ?? [];
  }

  /** Appends entries of one record each, or one entry with all of them. */
  publish(name: string, records: readonly LogRecord[], asFrame: boolean): StoredRecord[] {
    const topic = this.#topic(name);
    const receivedNs = this.#clock.nowNs();
    const { epoch } = topic;
    let { sequence } = topic.end;
    const stored = records.map((record, i) => {
      if (i === 0 || !asFrame) sequence += this.#random.chance(this.habits.gapShare) ? 3 : 1;
      return { record, position: { epoch, sequence, index: asFrame ? i : 0 }, receivedNs };
    });
    topic.records.push(...stored);
    topic.end = stored.at(-1)?.position ?? topic.end;
    if (this.#random.chance(this.habits.gapShare)) {
      topic.end = { epoch, sequence: sequence + 1, index: 0 };
    }
    this.wake();
    return stored;
  }

  /** Drops the records up to that one, with its whole entry. */
  trim(name: string, upTo: StoredRecord): void {
    const topic = this.#topic(name);
    const { sequence } = upTo.position;
    const last = topic.records.findLast(({ position }) => position.sequence === sequence) ?? upTo;
    if (comparePositions(last.position, topic.start) > 0) topic.start = last.position;
  }

  wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  /** Bytes that readers of whole topics got since. */
  tailedBytesSince(ms: number): number {
    this.#tailed = this.#tailed.filter((tailed) => tailed.ms >= ms);
    return this.#tailed.reduce((sum, tailed) => sum + tailed.bytes, 0);
  }

  async append(name: string, records: readonly LogRecord[]): Promise<Appended> {
    await this.#answer();
    const stored = this.publish(name, records, false);
    const at = (index: number) => stored[index]?.position ?? this.#topic(name).end;
    return { first: at(0), last: at(stored.length - 1), at, duplicate: false };
  }

  async positionAt(name: string, receivedNs: bigint): Promise<Position> {
    const { records, start, end } = this.#topic(name);
    const first = records.findIndex((stored) => stored.receivedNs >= receivedNs);
    return first < 0 ? end : (records[first - 1]?.position ?? start);
  }

  async bounds(name: string): Promise<Bounds> {
    this.open++;
    try {
      await this.#answer();
      const { epoch, start, end } = this.#topic(name);
      return { epoch, start, end };
    } finally {
      this.open--;
    }
  }

  async *read(name: string, options: ReadOptions): AsyncGenerator<LogBatch> {
    const { after, until, signal } = options;
    let at = after === "earliest" ? undefined : after;
    this.open++;
    try {
      for (;;) {
        await this.#answer(signal);
        if (signal?.aborted) return;
        const topic = this.#topic(name);
        at ??= topic.start;
        checkKept(topic, at);
        if (until !== undefined && comparePositions(at, until) >= 0) return;
        const batch = this.#batch(topic, at, options);
        if (batch !== undefined) {
          at = batch.through;
          yield batch;
        } else if (until !== undefined) {
          return;
        } else {
          await this.#change(signal);
        }
      }
    } finally {
      // A driver may have to release something before a read has ended.
      if (this.#random.chance(this.habits.lateShare)) {
        await sleep(this.#clock, 1 + this.#random.int(this.habits.latencyMsMax));
      }
      this.open--;
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** The next batch after `at`; undefined when the reader is at its end. */
  #batch(topic: Topic, at: Position, { key, until }: ReadOptions): LogBatch | undefined {
    const { habits } = this;
    const from = firstAfter(topic.records, at);
    const read: StoredRecord[] = [];
    const wanted = 1 + this.#random.int(habits.batchMax);
    for (let i = from; i < topic.records.length && read.length < wanted; i++) {
      const stored = topic.records[i];
      if (stored === undefined) break;
      const past = until !== undefined && comparePositions(stored.position, until) > 0;
      if (past && (read.length === 0 || !habits.overshoots)) break;
      read.push(stored);
    }
    const last = read.at(-1);
    const records = key === undefined ? read : read.filter(({ record }) => record.key === key);
    // A reader of one key may learn that nothing more comes, or only up to where that is certain.
    if (records.length === 0 && until !== undefined && this.#random.chance(0.3)) {
      const rest = topic.records.slice(from);
      const more = rest.some(
        ({ record, position }) =>
          (key === undefined || record.key === key) && comparePositions(position, until) <= 0,
      );
      if (!more) return undefined;
    }
    if (last === undefined) {
      const end = until ?? topic.end;
      return comparePositions(at, end) < 0 ? { records, through: end } : undefined;
    }
    if (until === undefined) {
      const bytes = read.reduce((sum, { record }) => sum + residentBytes(record), 0);
      this.#tailed.push({ ms: this.#clock.nowMs(), bytes });
    }
    return { records, through: last.position };
  }

  #topic(name: string): Topic {
    const topic = this.#topics.get(name);
    if (topic === undefined) throw new Failure("not_found", `There is no topic "${name}"`);
    return topic;
  }

  /** The way to the broker and back. */
  async #answer(signal?: AbortSignal): Promise<void> {
    const { habits } = this;
    if (this.#random.chance(habits.lateShare)) {
      await sleep(this.#clock, 1 + this.#random.int(habits.latencyMsMax), signal);
    }
    while (habits.outage === "hangs" && !signal?.aborted) await this.#change(signal);
    if (habits.outage === "refuses" || this.#random.chance(habits.failShare)) {
      throw new Failure("unavailable", "The broker is unavailable");
    }
  }

  /** Resolves when the log has changed, or on abort. */
  #change(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#waiting.delete(done);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      if (signal?.aborted) return resolve();
      this.#waiting.add(done);
      signal?.addEventListener("abort", done);
    });
  }
}

/** Index of the first record after the position. */
export function firstAfter(records: readonly StoredRecord[], position: Position): number {
  let low = 0;
  let high = records.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const stored = records[middle];
    if (stored !== undefined && comparePositions(stored.position, position) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** True when a reader can continue after the position. */
export function isKept({ epoch, start, end }: Bounds, position: Position): boolean {
  return (
    position.epoch === epoch &&
    comparePositions(position, start) >= 0 &&
    comparePositions(position, end) <= 0
  );
}

function checkKept(topic: Topic, at: Position): void {
  if (isKept(topic, at)) return;
  const past = at.epoch === topic.epoch && comparePositions(at, topic.end) > 0;
  throw new Failure("position_gone", `Cannot read after ${renderPosition(at)}: it is gone`, {
    position: renderPosition(past ? topic.end : topic.start),
  });
}
