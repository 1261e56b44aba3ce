/**
 * The log in this process's memory, for tests of what stands on the log port. It keeps the whole
 * contract but durability: `acknowledged` lasts as long as the process.
 */
import { Batch } from "../../core/batch.ts";
import type { Clock } from "../../core/clock.ts";
import type {
  AppendOptions,
  Appended,
  Bounds,
  LogBatch,
  LogDriver,
  ReadOptions,
  TopicInfo,
} from "../../core/log.ts";
import { comparePositions } from "../../core/position.ts";
import type { LogRecord } from "../../core/record.ts";
import { parseName, sameSettings, type TopicSettings } from "../../core/topic.ts";
import { checkPosition, emptyAppend, logClosed, topicConflict, topicNotFound } from "../answers.ts";
import { MemoryBroker, type MemoryTopic } from "./memory-broker.ts";

export interface MemoryLogOptions {
  readonly clock: Clock;
  /** Nodes that are given the same broker share their topics; without one a node is alone. */
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
    const life = this.#topic(topic);
    const { key, until } = options;
    let at = options.after === "earliest" ? life.bounds.start : options.after;
    for (;;) {
      checkPosition(topic, at, this.#topic(topic).bounds);
      if (until !== undefined && comparePositions(at, until) >= 0) return;
      if (comparePositions(at, life.bounds.end) === 0) {
        await changed(life, signal);
      } else {
        const next = life.after(at, batchRecordsMax);
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

  async create(topic: string, settings: TopicSettings): Promise<TopicInfo> {
    const name = parseName(topic, "topic");
    const standing = this.#broker.topics.get(name);
    if (standing !== undefined && !sameSettings(standing.settings, settings)) {
      throw topicConflict(name);
    }
    return infoOf(name, standing ?? this.#broker.create(name, settings, this.#clock));
  }

  async describe(topic: string): Promise<TopicInfo | undefined> {
    const life = this.#broker.topics.get(topic);
    return life === undefined ? undefined : infoOf(topic, life);
  }

  async list(): Promise<readonly TopicInfo[]> {
    const infos = [...this.#broker.topics].map(([name, life]) => infoOf(name, life));
    return infos.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async remove(topic: string): Promise<void> {
    const life = this.#topic(topic);
    this.#broker.topics.delete(topic);
    life.wake();
  }

  /** Applies every topic's retention, which nothing does by itself here. */
  async sweep(): Promise<void> {
    for (const life of this.#broker.topics.values()) life.trim(this.#clock.nowNs());
  }

  async close(): Promise<void> {
    this.#closed.abort();
  }

  #topic(name: string): MemoryTopic {
    const life = this.#broker.topics.get(name);
    if (life === undefined) throw topicNotFound(name);
    return life;
  }
}

function infoOf(name: string, { settings, bounds, bytes }: MemoryTopic): TopicInfo {
  return { name, settings, bounds, bytes };
}

function changed(life: MemoryTopic, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      unwatch();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const unwatch = life.watch(done);
    signal.addEventListener("abort", done);
  });
}
