/** The topics of a memory log, which the nodes of one test share like a broker. */

import type { Batch } from "../../core/batch.ts";
import type { Clock } from "../../core/clock.ts";
import type { Appended, AppendOptions, Bounds } from "../../core/log.ts";
import { comparePositions, epochStart, type Position } from "../../core/position.ts";
import { recordBytes, type StoredRecord } from "../../core/record.ts";
import type { TopicSettings } from "../../core/topic.ts";
import { appendedAfter, appendedBefore, appendedFrame, appendedRun } from "../answers.ts";
import { type ProducerState, stateAfter, storedOf } from "../producers.ts";

export class MemoryBroker {
  readonly topics = new Map<string, MemoryTopic>();
  readonly #epochs = new Map<string, number>();

  create(name: string, settings: TopicSettings, clock: Clock): MemoryTopic {
    const epoch = Math.max(clock.nowMs(), (this.#epochs.get(name) ?? 0) + 1);
    this.#epochs.set(name, epoch);
    const topic = new MemoryTopic(epoch, settings);
    this.topics.set(name, topic);
    return topic;
  }
}

/** JetStream's default, so that a retry behaves the same on every driver. */
const dedupWindowMs = 2 * 60 * 1000;

/** One incarnation of a topic. */
export class MemoryTopic {
  readonly epoch: number;
  settings: TopicSettings;
  bytes = 0;
  #records: StoredRecord[] = [];
  #start: Position;
  #end: Position;
  readonly #dedup = new Map<string, { readonly appended: Appended; readonly atMs: number }>();
  readonly #producers = new Map<string, ProducerState & { readonly last: Position }>();
  readonly #watchers = new Set<() => void>();

  constructor(epoch: number, settings: TopicSettings) {
    this.epoch = epoch;
    this.settings = settings;
    this.#start = this.#end = epochStart(epoch);
  }

  get bounds(): Bounds {
    return { epoch: this.epoch, start: this.#start, end: this.#end };
  }

  append(topic: string, whole: Batch, options: AppendOptions, clock: Clock): Appended {
    const { dedupId, producer } = options;
    const producerState = producer && this.#producers.get(producer.id);
    const stored = producer === undefined ? 0 : storedOf(topic, producer, producerState);
    if (stored === whole.count) return appendedBefore(producerState?.last ?? this.#end);
    const batch = whole.skip(stored);
    const known = dedupId === undefined ? undefined : this.#known(dedupId, clock.nowMs());
    if (known !== undefined) return known;
    const answer = this.settings.layout === "frames" ? appendedFrame : appendedRun;
    const appended = answer(this.epoch, this.#end.sequence + 1, batch.count, false);
    const receivedNs = clock.nowNs();
    for (const [i, record] of batch.records(receivedNs).entries()) {
      // A copy: the producer may reuse its buffers once it has the ack. A `Buffer`'s slice is none.
      const copy = { ...record, value: new Uint8Array(record.value) };
      this.#records.push({ record: copy, position: appended.at(i), receivedNs });
      this.bytes += recordBytes(record);
    }
    this.#end = appended.last;
    if (dedupId !== undefined) this.#dedup.set(dedupId, { appended, atMs: clock.nowMs() });
    if (producer !== undefined) {
      this.#producers.set(producer.id, { ...stateAfter(producer), last: appended.last });
    }
    this.wake();
    return appendedAfter(stored, appended);
  }

  /** Up to `limit` records after a position, and the position after them. */
  after(position: Position, limit: number): { records: StoredRecord[]; through: Position } {
    const from = this.#indexAfter(position);
    const records = this.#records.slice(from, from + limit);
    const isAll = from + records.length >= this.#records.length;
    return { records, through: isAll ? this.#end : (records.at(-1)?.position ?? position) };
  }

  positionAt(receivedNs: bigint): Position {
    const first = this.#records.findIndex((stored) => stored.receivedNs >= receivedNs);
    if (first < 0) return this.#end;
    return this.#records[first - 1]?.position ?? this.#start;
  }

  /** Drops what is past the topic's age and size: whole entries, oldest first. */
  trim(nowNs: bigint): void {
    const { retentionMs, retentionBytes } = this.settings;
    const cutoffNs = nowNs - BigInt(retentionMs) * 1_000_000n;
    let count = 0;
    for (const { record, position, receivedNs } of this.#records) {
      const isAged = retentionMs > 0 && receivedNs < cutoffNs;
      const isTooMuch = retentionBytes > 0 && this.bytes > retentionBytes;
      if (!isAged && !isTooMuch && position.sequence !== this.#start.sequence) break;
      this.bytes -= recordBytes(record);
      this.#start = position;
      count++;
    }
    this.#records = this.#records.slice(count);
  }

  /** Calls back on every append and on removal; the returned function ends that. */
  watch(callback: () => void): () => void {
    this.#watchers.add(callback);
    return () => this.#watchers.delete(callback);
  }

  wake(): void {
    for (const callback of [...this.#watchers]) callback();
  }

  #known(dedupId: string, nowMs: number): Appended | undefined {
    const entry = this.#dedup.get(dedupId);
    if (entry === undefined) return undefined;
    if (nowMs - entry.atMs < dedupWindowMs) return { ...entry.appended, duplicate: true };
    this.#dedup.delete(dedupId);
    return undefined;
  }

  #indexAfter(position: Position): number {
    let low = 0;
    let high = this.#records.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = this.#records[middle];
      if (at !== undefined && comparePositions(at.position, position) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
