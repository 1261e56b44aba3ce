/**
 * The log in this process's memory, for tests of code that uses the log port. It fulfils the whole
 * contract except durability.
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
import { comparePositions, type Position } from "../../core/position.ts";
import type { LogRecord } from "../../core/record.ts";
import {
  differingSettings,
  parseName,
  type TopicChange,
  type TopicSettings,
} from "../../core/topic.ts";
import { checkPosition, emptyAppend, logClosed, topicConflict, topicNotFound } from "../answers.ts";
import { MemoryBroker, type MemoryTopic } from "./memory-broker.ts";

export interface MemoryLogOptions {
  readonly clock: Clock;
  /** Nodes with the same broker share their topics; without one a node is alone. */
  readonly broker?: MemoryBroker;
}

export function createMemoryLog(options: MemoryLogOptions): MemoryLog {
  return new MemoryLog(options.clock, options.broker ?? new MemoryBroker());
}

const batchRecordsMax = 1_000;

export class MemoryLog implements LogDriver {
  readonly driver = "memory";
  readonly #clock: Clock;
  readonly #broker: MemoryBroker;
  readonly #closed = new AbortController();

  constructor(clock: Clock, broker: MemoryBroker) {
    this.#clock = clock;
    this.#broker = broker;
  }

  async append(
    topic: string,
    records: Batch | readonly LogRecord[],
    options?: AppendOptions,
  ): Promise<Appended> {
    if (this.#closed.signal.aborted) throw logClosed();
    const batch = Batch.from(records);
    if (batch.count === 0) throw emptyAppend(topic);
    return this.#topic(topic).append(topic, batch, options ?? {}, this.#clock);
  }

  async *read(topic: string, options: ReadOptions): AsyncIterable<LogBatch> {
    const signals = [this.#closed.signal, ...(options.signal ? [options.signal] : [])];
    const signal = AbortSignal.any(signals);
    if (signal.aborted) return;
    const incarnation = this.#topic(topic);
    const { key, until } = options;
    let at = options.after === "earliest" ? incarnation.bounds.start : options.after;
    for (;;) {
      checkPosition(topic, at, this.#topic(topic).bounds);
      if (until !== undefined && comparePositions(at, until) >= 0) return;
      if (comparePositions(at, incarnation.bounds.end) === 0) {
        await changed(incarnation, signal);
      } else {
        const next = incarnation.after(at, batchRecordsMax);
        const isWithin = until !== undefined && comparePositions(next.through, until) > 0;
        const through = isWithin ? until : next.through;
        const records = next.records.filter(
          ({ record, position }) =>
            (key === undefined || record.key === key) && comparePositions(position, through) <= 0,
        );
        at = through;
        yield { records, through };
      }
      if (signal.aborted) return;
    }
  }

  async bounds(topic: string): Promise<Bounds> {
    return this.#topic(topic).bounds;
  }

  async positionAt(topic: string, receivedNs: bigint): Promise<Position> {
    return this.#topic(topic).positionAt(receivedNs);
  }

  async create(topic: string, settings: TopicSettings): Promise<TopicInfo> {
    const name = parseName(topic, "topic");
    const existing = this.#broker.topics.get(name);
    if (existing !== undefined && differingSettings(existing.settings, settings).length > 0) {
      throw topicConflict(name, existing.settings, settings);
    }
    return infoOf(name, existing ?? this.#broker.create(name, settings, this.#clock));
  }

  async describe(topic: string): Promise<TopicInfo | undefined> {
    const incarnation = this.#broker.topics.get(topic);
    return incarnation === undefined ? undefined : infoOf(topic, incarnation);
  }

  async list({ after = "", limit }: TopicPage = {}): Promise<readonly TopicInfo[]> {
    const infos = [...this.#broker.topics].map(([name, incarnation]) => infoOf(name, incarnation));
    return infos
      .filter(({ name }) => name > after)
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .slice(0, limit);
  }

  async count(): Promise<number> {
    return this.#broker.topics.size;
  }

  async change(topic: string, change: TopicChange): Promise<TopicInfo> {
    const incarnation = this.#topic(topic);
    incarnation.settings = { ...incarnation.settings, ...change };
    return infoOf(topic, incarnation);
  }

  async ping(): Promise<void> {}

  async remove(topic: string): Promise<void> {
    const incarnation = this.#topic(topic);
    this.#broker.topics.delete(topic);
    incarnation.wake();
  }

  /** Applies every topic's retention, which does not happen on its own here. */
  async sweep(): Promise<void> {
    for (const incarnation of this.#broker.topics.values()) incarnation.trim(this.#clock.nowNs());
  }

  async close(): Promise<void> {
    this.#closed.abort();
  }

  #topic(name: string): MemoryTopic {
    const incarnation = this.#broker.topics.get(name);
    if (incarnation === undefined) throw topicNotFound(name);
    return incarnation;
  }
}

function infoOf(name: string, { settings, bounds, bytes }: MemoryTopic): TopicInfo {
  return { name, settings, bounds, bytes };
}

function changed(incarnation: MemoryTopic, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      unwatch();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const unwatch = incarnation.watch(done);
    signal.addEventListener("abort", done);
  });
}
