/** The log, with a memory of which topics could not be written lately: readiness alone would not show it. */

import { Batch } from "../core/batch.ts";
import type { Clock } from "../core/clock.ts";
import { type FailureCode, failureFrom } from "../core/failure.ts";
import type { Appended, AppendOptions, LogDriver, ReadOptions, TopicPage } from "../core/log.ts";
import type { Logger } from "../core/logger.ts";
import { Histogram } from "../core/metrics/histogram.ts";
import type { TopicCounts } from "../core/metrics/topic-counts.ts";
import type { LogRecord } from "../core/record.ts";
import type { TopicChange, TopicSettings } from "../core/topic.ts";
import { contextsOfBatch, type Tracing } from "../core/trace/trace.ts";

/** A topic that nobody has written for this long since may be well again. */
const rememberedMs = 60_000;
/** With more failing topics than this, further ones need no mention. */
const topicsMax = 100;

export interface AppendStatus {
  /** Number of appends that the log could not store. */
  readonly failures: number;
  /** Number of topics whose last append failed, within the last minute. */
  readonly failingTopics: number;
  readonly lastFailure: string | undefined;
}

/** What this node made durable. */
export interface AppendCounts {
  records: number;
  bytes: number;
  readonly seconds: Histogram;
}

export interface WatchedLogDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly tracing?: Tracing | undefined;
  readonly topics: TopicCounts;
}

export class WatchedLog implements LogDriver {
  readonly driver: LogDriver["driver"];
  readonly counts: AppendCounts = { records: 0, bytes: 0, seconds: new Histogram() };
  readonly #log: LogDriver;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #tracing: Tracing | undefined;
  readonly #topics: TopicCounts;
  /** Times of the last failure of each topic that fails. */
  readonly #failingMs = new Map<string, number>();
  #failures = 0;
  #lastFailure: string | undefined;

  constructor(log: LogDriver, { clock, logger, tracing, topics }: WatchedLogDeps) {
    this.#tracing = tracing;
    this.#topics = topics;
    this.driver = log.driver;
    this.#log = log;
    this.#clock = clock;
    this.#logger = logger;
  }

  append(
    topic: string,
    records: Batch | readonly LogRecord[],
    options?: AppendOptions,
  ): Promise<Appended> {
    const batch = Batch.from(records);
    // Now, because the caller may reuse the bytes once the append has resolved.
    const { count, bytesHeld } = batch;
    const startedMs = performance.now();
    const trace = this.#tracing && this.#traced(topic, batch, this.#tracing);
    const appending = this.#log.append(topic, batch, options);
    appending.then(
      ({ duplicate }) => {
        this.counts.seconds.observe((performance.now() - startedMs) / 1000);
        if (!duplicate) this.#count(topic, count, bytesHeld);
        trace?.();
        this.#stored(topic);
      },
      (error: unknown) => {
        this.#failed(topic, error);
        trace?.(failureFrom(error).code);
      },
    );
    return appending;
  }

  appends(): AppendStatus {
    const sinceMs = this.#clock.nowMs() - rememberedMs;
    for (const [topic, atMs] of this.#failingMs) {
      if (atMs < sinceMs) this.#failingMs.delete(topic);
    }
    return {
      failures: this.#failures,
      failingTopics: this.#failingMs.size,
      lastFailure: this.#lastFailure,
    };
  }

  read(topic: string, options: ReadOptions) {
    return this.#log.read(topic, options);
  }

  bounds(topic: string) {
    return this.#log.bounds(topic);
  }

  positionAt(topic: string, receivedNs: bigint) {
    return this.#log.positionAt(topic, receivedNs);
  }

  create(topic: string, settings: TopicSettings) {
    return this.#log.create(topic, settings);
  }

  describe(topic: string) {
    return this.#log.describe(topic);
  }

  list(page?: TopicPage) {
    return this.#log.list(page);
  }

  count() {
    return this.#log.count();
  }

  change(topic: string, change: TopicChange) {
    return this.#log.change(topic, change);
  }

  ping() {
    return this.#log.ping();
  }

  remove(topic: string) {
    return this.#log.remove(topic);
  }

  close() {
    return this.#log.close();
  }

  /** Looks at the batch at once, because the caller may reuse its bytes; undefined: it is not traced. */
  #traced(topic: string, batch: Batch, tracing: Tracing) {
    const contexts = contextsOfBatch(batch);
    if (contexts.length === 0) return undefined;
    const startMs = this.#clock.nowMs();
    const attributes = {
      "messaging.destination.name": topic,
      "messaging.batch.message_count": batch.count,
    };
    return (failure?: FailureCode) => {
      // The topic is created, and the batch is appended again.
      if (failure === "not_found") return;
      const span = {
        name: "append",
        startMs,
        endMs: this.#clock.nowMs(),
        contexts,
        attributes,
      } as const;
      tracing.add(failure === undefined ? span : { ...span, failure });
    };
  }

  #count(topic: string, records: number, bytes: number): void {
    this.#topics.append(topic, records, bytes, this.#clock.nowMs());
    this.counts.records += records;
    this.counts.bytes += bytes;
  }

  #stored(topic: string): void {
    if (this.#failingMs.size === 0 || !this.#failingMs.delete(topic)) return;
    if (this.#failingMs.size === 0) this.#logger("info", "appends succeed again", { topic });
  }

  /** Refusals of what a caller sent are not failures of the log. */
  #failed(topic: string, error: unknown): void {
    const { code, message } = failureFrom(error);
    if (code !== "unavailable" && code !== "internal") return;
    this.#failures++;
    this.#lastFailure = message;
    if (this.#failingMs.size === 0) {
      this.#logger("error", "appends fail", { topic, reason: message });
    }
    if (this.#failingMs.size < topicsMax || this.#failingMs.has(topic)) {
      this.#failingMs.set(topic, this.#clock.nowMs());
    }
  }
}
