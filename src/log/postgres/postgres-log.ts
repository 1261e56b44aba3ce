/**
 * The log in PostgreSQL: what Sluice uses without a broker. Its tables and indexes are in
 * `migrations/0000_log.sql`; docs/decisions/log-postgres.md says why it works this way.
 */

import { Batch } from "../../core/batch.ts";
import type { Clock } from "../../core/clock.ts";
import type {
  Appended,
  AppendOptions,
  Bounds,
  LogBatch,
  LogDriver,
  ReadOptions,
  TopicInfo,
  TopicPage,
} from "../../core/log.ts";
import type { Logger } from "../../core/logger.ts";
import type { Position } from "../../core/position.ts";
import type { LogRecord } from "../../core/record.ts";
import type { TopicChange, TopicSettings } from "../../core/topic.ts";
import {
  alongIndexes,
  connect,
  type DatabaseAddress,
  defaultSchema,
} from "../../postgres/connect.ts";
import { emptyAppend, logClosed } from "../answers.ts";
import { Appender } from "./append.ts";
import { Database } from "./database.ts";
import { LiveBuffers } from "./live-buffers.ts";
import { completeOptions, type PostgresLogTuning } from "./options.ts";
import { positionAt } from "./position-at.ts";
import { readTopic } from "./read.ts";
import { Retention } from "./retention.ts";
import { Topics } from "./topics.ts";
import { Wakeups } from "./wakeups.ts";

export interface PostgresLogOptions extends DatabaseAddress, Partial<PostgresLogTuning> {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called before a sweep, which is left out when it throws. */
  readonly beforeSweep?: () => Promise<unknown>;
}

/** Commits of as many topics at once; replays share them. */
const connectionsMax = 8;

/** PostgreSQL ends a longer statement: once nobody waits for it, it only occupies a connection. */
const statementTimeoutMs = 10_000;

/**
 * Its connections are its own, so that an append never waits behind a slow query of the store. One
 * more, for LISTEN, is opened by the first reader at a topic's end.
 */
export class PostgresLog implements LogDriver {
  readonly driver = "postgres";
  readonly #database: Database;
  readonly #topics: Topics;
  readonly #wakeups: Wakeups;
  readonly #buffers: LiveBuffers;
  readonly #appender: Appender;
  readonly #retention: Retention;
  readonly #reads = new Set<AbortController>();
  #isClosed = false;

  constructor(options: PostgresLogOptions) {
    const { url, schema = defaultSchema, tls, clock, logger, beforeSweep, ...given } = options;
    const tuning = completeOptions(given);
    const session = {
      application_name: "sluice log",
      statement_timeout: statementTimeoutMs,
      ...alongIndexes,
      enable_seqscan: "off",
    };
    const sql = connect({ url, schema, tls }, { max: connectionsMax, session });
    this.#database = new Database(sql, clock);
    this.#topics = new Topics(this.#database);
    this.#wakeups = new Wakeups(this.#database, schema, logger);
    const buffers = (this.#buffers = new LiveBuffers(this.#database, this.#wakeups, logger));
    this.#appender = new Appender(this.#database, this.#topics, tuning, buffers);
    this.#retention = new Retention(this.#database, { ...tuning, logger, beforeSweep });
  }

  append(
    topic: string,
    records: Batch | readonly LogRecord[],
    options?: AppendOptions,
  ): Promise<Appended> {
    if (this.#isClosed) return Promise.reject(logClosed());
    const batch = Batch.from(records);
    if (batch.count === 0) return Promise.reject(emptyAppend(topic));
    return this.#appender.append(topic, batch, options);
  }

  async *read(topic: string, options: ReadOptions): AsyncGenerator<LogBatch> {
    const ending = new AbortController();
    const end = () => ending.abort();
    if (this.#isClosed || options.signal?.aborted) return;
    options.signal?.addEventListener("abort", end);
    this.#reads.add(ending);
    try {
      const context = { database: this.#database, topics: this.#topics, buffers: this.#buffers };
      yield* readTopic(context, topic, options, ending.signal);
    } finally {
      this.#reads.delete(ending);
      options.signal?.removeEventListener("abort", end);
    }
  }

  bounds(topic: string): Promise<Bounds> {
    return this.#topics.bounds(topic);
  }

  positionAt(topic: string, receivedNs: bigint): Promise<Position> {
    return positionAt(this.#database, this.#topics, topic, receivedNs);
  }

  create(topic: string, settings: TopicSettings): Promise<TopicInfo> {
    return this.#topics.create(topic, settings);
  }

  describe(topic: string): Promise<TopicInfo | undefined> {
    return this.#topics.describe(topic);
  }

  list(page?: TopicPage): Promise<readonly TopicInfo[]> {
    return this.#topics.list(page);
  }

  count(): Promise<number> {
    return this.#topics.count();
  }

  change(topic: string, change: TopicChange): Promise<TopicInfo> {
    return this.#topics.change(topic, change);
  }

  async ping(): Promise<void> {
    await this.#database.run(this.#database.sql`SELECT FROM log_topics LIMIT 1`);
  }

  async remove(topic: string): Promise<void> {
    this.#buffers.removed(await this.#topics.remove(topic));
  }

  /** Applies retention now; it is also applied every `sweepMs`. */
  sweep(): Promise<void> {
    return this.#retention.sweep();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#appender.flush();
    for (const read of this.#reads) read.abort();
    this.#buffers.close();
    await Promise.all([this.#retention.close(), this.#wakeups.close()]);
    await this.#database.sql.end({ timeout: 2 });
  }
}
