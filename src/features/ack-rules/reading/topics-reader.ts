/**
 * Reads several topics at once, for a caller that commits the records of all of them together. Each
 * topic is read on its own, so that an unavailable or missing one does not delay the others.
 */

import { type Clock, sleep } from "../../../core/clock.ts";
import { type Failure, failureFrom } from "../../../core/failure.ts";
import type { Log } from "../../../core/log.ts";
import { comparePositions, type Position } from "../../../core/position.ts";
import { recordBytes, type StoredRecord } from "../../../core/record.ts";
import { BackOff } from "../../../core/retry.ts";

export interface TopicsReaderOptions {
  readonly log: Pick<Log, "read" | "bounds">;
  readonly topics: readonly string[];
  /** Topics without a position are read from the oldest record kept. */
  readonly positions: ReadonlyMap<string, Position>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly limits?: Partial<ReaderLimits>;
  readonly onFailure: (topic: string, failure: Failure) => void;
  /** The log no longer has what follows `from`. */
  readonly onSkip: (topic: string, from: Position, to: Position) => void;
}

export interface ReaderLimits {
  /** Bound of the records read ahead of `take`, over all topics. */
  readonly records: number;
  readonly bytes: number;
  /** How long the first record after a pause waits for more. */
  readonly gatherMs: number;
}

export interface TopicRecord {
  readonly topic: string;
  readonly stored: StoredRecord;
}

export interface TopicsBatch {
  /** In order within each topic. */
  readonly records: readonly TopicRecord[];
  /** The position after this batch of each topic that was read. */
  readonly through: ReadonlyMap<string, Position>;
}

/** A commit of 2,000 occurrences takes some 30 ms; larger ones would delay acks for longer. */
const limitsDefault: ReaderLimits = { records: 2000, bytes: 4 * 1024 * 1024, gatherMs: 1 };
const retryMs = { first: 100, most: 5000 };
/** A topic is created by its first append. Looking for it this often costs little. */
const missingTopicMs = 100;

export class TopicsReader {
  readonly #options: TopicsReaderOptions;
  readonly #limits: ReaderLimits;
  readonly #wakers = new Set<() => void>();
  #records: TopicRecord[] = [];
  #through = new Map<string, Position>();
  #bytes = 0;

  constructor(options: TopicsReaderOptions) {
    this.#options = options;
    this.#limits = { ...limitsDefault, ...options.limits };
    for (const topic of options.topics) void this.#follow(topic);
  }

  /** The records read since the last call; perhaps none after `waitMs` or an abort. */
  async take(waitMs: number): Promise<TopicsBatch> {
    const { clock, signal } = this.#options;
    if (this.#through.size === 0) {
      await this.#woken(waitMs);
      // Records that arrived during the caller's last commit have waited long enough.
      if (this.#through.size > 0) await sleep(clock, this.#limits.gatherMs, signal);
    }
    const batch = { records: this.#records, through: this.#through };
    this.#records = [];
    this.#through = new Map();
    this.#bytes = 0;
    this.#wake();
    return batch;
  }

  /** When the oldest record of each topic was received that was read and not taken. */
  get waiting(): ReadonlyMap<string, bigint> {
    const oldest = new Map<string, bigint>();
    for (const { topic, stored } of this.#records) {
      if (!oldest.has(topic)) oldest.set(topic, stored.receivedNs);
    }
    return oldest;
  }

  /** Never rejects. */
  async #follow(topic: string): Promise<void> {
    const { clock, signal, onFailure } = this.#options;
    const at = { position: this.#options.positions.get(topic) };
    const backOff = new BackOff(clock, retryMs);
    while (!signal.aborted) {
      const before = at.position;
      try {
        await this.#read(topic, at);
      } catch (error) {
        const failure = failureFrom(error);
        if (signal.aborted) return;
        if (failure.code === "not_found") {
          await sleep(clock, missingTopicMs, signal);
          continue;
        }
        if (failure.code === "position_gone" && (await this.#skip(topic, at))) continue;
        if (signal.aborted) return;
        onFailure(topic, failure);
      }
      if (at.position !== before) backOff.reset();
      await backOff.wait(signal);
    }
  }

  async #read(topic: string, at: { position: Position | undefined }): Promise<void> {
    const { log, signal } = this.#options;
    const after = at.position ?? "earliest";
    for await (const batch of log.read(topic, { after, signal })) {
      while (this.#isFull() && !signal.aborted) await this.#woken();
      if (signal.aborted) return;
      for (const stored of batch.records) {
        this.#records.push({ topic, stored });
        this.#bytes += recordBytes(stored.record);
      }
      at.position = batch.through;
      this.#through.set(topic, batch.through);
      this.#wake();
    }
  }

  /** Moves to where the topic can be read again; false when that could not be found out. */
  async #skip(topic: string, at: { position: Position | undefined }): Promise<boolean> {
    const { log, onFailure, onSkip } = this.#options;
    try {
      const { start, end } = await log.bounds(topic);
      const from = at.position;
      // Past the end: the log has lost records that were read, and will reuse their positions.
      const isPast = from?.epoch === end.epoch && comparePositions(from, end) > 0;
      at.position = isPast ? end : start;
      if (from !== undefined) onSkip(topic, from, at.position);
      return true;
    } catch (error) {
      const failure = failureFrom(error);
      if (failure.code !== "not_found") onFailure(topic, failure);
      return false;
    }
  }

  #isFull(): boolean {
    return this.#records.length >= this.#limits.records || this.#bytes >= this.#limits.bytes;
  }

  #wake(): void {
    for (const waker of [...this.#wakers]) waker();
  }

  /** Waits until records were read or taken, `ms` have passed, or the signal aborts. */
  #woken(ms?: number): Promise<void> {
    const { clock, signal } = this.#options;
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        signal.removeEventListener("abort", done);
        this.#wakers.delete(done);
        resolve();
      };
      const cancel = ms === undefined ? () => {} : clock.after(ms, done);
      signal.addEventListener("abort", done, { once: true });
      this.#wakers.add(done);
    });
  }
}
