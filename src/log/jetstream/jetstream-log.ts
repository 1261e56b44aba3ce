/**
 * The log in NATS JetStream. A topic is a stream, an entry is a message, and a position's sequence is
 * the stream's. Other NATS clients can read and write the same subjects (`subject.ts`, `entry.ts`).
 */

import { Batch } from "../../core/batch.ts";
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
import type { Position } from "../../core/position.ts";
import type { LogRecord } from "../../core/record.ts";
import type { TopicChange, TopicSettings } from "../../core/topic.ts";
import { emptyAppend, logClosed } from "../answers.ts";
import { Appender } from "./append.ts";
import { Connection } from "./connection.ts";
import { type JetstreamLogOptions, parseJetstreamOptions } from "./options.ts";
import { positionAt } from "./position-at.ts";
import { Reader } from "./read.ts";
import { Topics } from "./topics.ts";

export type { JetstreamLogOptions } from "./options.ts";

/** Connects. Throws `invalid` for wrong options, `unavailable` when no server answers. */
export async function createJetstreamLog(options: JetstreamLogOptions): Promise<LogDriver> {
  const settings = parseJetstreamOptions(options);
  const connection = await Connection.open(settings);
  const topics = await Topics.open(connection, settings.replicas);
  // Since 2.11 one request returns many entries.
  const isBatchGet = settings.batchGet ?? connection.isServerAtLeast(2, 11);
  return new JetstreamLog(
    connection,
    topics,
    new Appender(connection, topics, settings),
    new Reader(connection, topics, isBatchGet),
  );
}

class JetstreamLog implements LogDriver {
  readonly driver = "jetstream";
  readonly #connection: Connection;
  readonly #topics: Topics;
  readonly #appender: Appender;
  readonly #reader: Reader;
  readonly #closed = new AbortController();

  constructor(connection: Connection, topics: Topics, appender: Appender, reader: Reader) {
    this.#connection = connection;
    this.#topics = topics;
    this.#appender = appender;
    this.#reader = reader;
  }

  async append(
    topic: string,
    records: Batch | readonly LogRecord[],
    options?: AppendOptions,
  ): Promise<Appended> {
    if (this.#closed.signal.aborted) throw logClosed();
    const batch = Batch.from(records);
    if (batch.count === 0) throw emptyAppend(topic);
    return this.#appender.append(topic, batch, options);
  }

  read(topic: string, options: ReadOptions): AsyncIterable<LogBatch> {
    const { signal } = options;
    const ends = this.#closed.signal;
    const both = signal === undefined ? ends : AbortSignal.any([ends, signal]);
    return this.#reader.read(topic, options, both);
  }

  async bounds(topic: string): Promise<Bounds> {
    return (await this.#topics.inspect(topic)).bounds;
  }

  positionAt(topic: string, receivedNs: bigint): Promise<Position> {
    return positionAt(this.#connection, this.#topics, topic, receivedNs);
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

  ping(): Promise<void> {
    return this.#topics.ping();
  }

  remove(topic: string): Promise<void> {
    return this.#topics.remove(topic);
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#appender.drained();
    await this.#connection.close();
  }
}
