/**
 * Reads several topics at once, for those who commit what they found in all of them together. Each
 * topic is read by itself: one that is away, or not there yet, does not hold up the others.
 */
import { sleep, type Clock } from "../../core/clock.ts";
import { failureFrom, type Failure } from "../../core/failure.ts";
import type { Log } from "../../core/log.ts";
import { comparePositions, type Position } from "../../core/position.ts";
import { recordBytes, type StoredRecord } from "../../core/record.ts";

export interface TopicsReaderOptions {
  readonly log: Pick<Log, "read" | "bounds">;
  readonly topics: readonly string[];
  /** Topics that are not in it are read from the oldest record kept. */
  readonly positions: ReadonlyMap<string, Position>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly limits?: Partial<ReaderLimits>;
  readonly onFailure: (topic: string, failure: Failure) => void;
  /** The log no longer has what follows `from`. */
  readonly onSkip: (topic: string, from: Position, to: Position) => void;
}

export interface ReaderLimits {
  /** What is read ahead of `take`, of all topics. */
  readonly records: number;
  readonly bytes: number;
  /** How long the first record after a pause waits for others. */
  readonly gatherMs: number;
}

export interface TopicRecord {
  readonly topic: string;
  readonly stored: StoredRecord;
}

export interface TopicsBatch {
  /** Of one topic in its order. */
  readonly records: readonly TopicRecord[];
  /** Where the topics that were read on stand after it. */
  readonly through: ReadonlyMap<string, Position>;
}

/** A commit of 2,000 sightings takes some 30 ms: larger ones would hold acks up for longer. */
const limitsDefault: ReaderLimits = { records: 2000, bytes: 4 * 1024 * 1024, gatherMs: 1 };
const retryMs = { first: 100, most: 5000 };
/** A topic comes to be by its first append: asking this often costs nothing. */
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

  /** What has been read since the last call; after `waitMs`, or `signal`, perhaps nothing. */
  async take(waitMs: number): Promise<TopicsBatch> {
    const { clock, signal } = this.#options;
    if (this.#through.size === 0) {
      await this.#woken(waitMs);
      // What came while the last batch was worked on has waited for long enough.
      if (this.#through.size > 0) await sleep(clock, this.#limits.gatherMs, signal);
    }
    const batch = { records: this.#records, through: this.#through };
    this.#records = [];
    this.#through = new Map();
    this.#bytes = 0;
    this.#wake();
    return batch;
  }

  /** Never rejects. */
  async #follow(topic: string): Promise<void> {
    const { clock, signal, onFailure } = this.#options;
    const at = { position: this.#options.positions.get(topic) };
    let waitMs = retryMs.first;
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
      waitMs = at.position === before ? Math.min(waitMs * 2, retryMs.most) : retryMs.first;
      await sleep(clock, waitMs, signal);
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

  /** Where the topic can be read on; false when that could not be learnt. */
  async #skip(topic: string, at: { position: Position | undefined }): Promise<boolean> {
    const { log, onFailure, onSkip } = this.#options;
    try {
      const { start, end } = await log.bounds(topic);
      const from = at.position;
      // Past the end: the log has lost records that were seen; it will give their positions again.
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

  /** Until something was read or taken, `ms` have passed, or the signal. */
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
