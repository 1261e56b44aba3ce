/**
 * Group commit. While one commit of a topic is under way, further appends are queued and share the
 * next one: a lone append costs one commit, and many concurrent ones share it. No timer delays them.
 */

import type { Batch } from "../../core/batch.ts";
import { Failure } from "../../core/failure.ts";
import type { Appended, AppendOptions } from "../../core/log.ts";
import { appendedAfter, appendedBefore, appendedRun, topicNotFound } from "../answers.ts";
import { stateAfter, storedOf } from "../producers.ts";
import { commit, type CommitItem, knownIds } from "./commit.ts";
import { type Database, deadlineMs } from "./database.ts";
import { type Groupable, Grouping } from "./grouping.ts";
import type { LiveBuffers } from "./live-buffers.ts";
import type { PostgresLogTuning } from "./options.ts";
import { Producers } from "./producers.ts";
import type { TopicIncarnation, Topics } from "./topics.ts";

interface Pending extends Groupable {
  readonly takenMs: number;
  resolve(appended: Appended): void;
  reject(failure: unknown): void;
}

/** The part of a pending append that goes into a commit. */
interface Prepared extends CommitItem {
  readonly pending: Pending;
  /** Number of its first records that were stored before. */
  readonly stored: number;
}

export class Appender {
  readonly #database: Database;
  readonly #topics: Topics;
  readonly #limits: PostgresLogTuning;
  readonly #buffers: LiveBuffers;
  readonly #producers: Producers;
  readonly #queues = new Map<string, TopicQueue>();
  #queuedBytes = 0;

  constructor(database: Database, topics: Topics, limits: PostgresLogTuning, buffers: LiveBuffers) {
    this.#database = database;
    this.#topics = topics;
    this.#limits = limits;
    this.#buffers = buffers;
    this.#producers = new Producers(database);
  }

  append(topic: string, batch: Batch, options: AppendOptions = {}): Promise<Appended> {
    return new Promise((resolve, reject) => {
      const { frame } = batch;
      const queue = this.#queue(topic);
      this.#checkBounds(topic, queue, frame.byteLength);
      const takenMs = this.#database.clock.nowMs();
      queue.items.push({ batch, ...options, takenMs, resolve, reject });
      queue.bytes += frame.byteLength;
      this.#queuedBytes += frame.byteLength;
      queue.running ??= this.#run(topic, queue);
    });
  }

  /** Resolves once nothing is queued or under way. */
  async flush(): Promise<void> {
    for (const { running } of [...this.#queues.values()]) await running;
  }

  #queue(topic: string): TopicQueue {
    let queue = this.#queues.get(topic);
    if (queue === undefined) {
      queue = { items: [], bytes: 0, grouping: new Grouping(), running: undefined };
      this.#queues.set(topic, queue);
    }
    return queue;
  }

  #checkBounds(topic: string, queue: TopicQueue, bytes: number): void {
    const { appendBytesMax, topicQueueBytesMax, nodeQueueBytesMax } = this.#limits;
    if (bytes > appendBytesMax) {
      const message = `Cannot append ${bytes} bytes to topic "${topic}": expected at most ${appendBytesMax}`;
      throw new Failure("too_large", message);
    }
    if (queue.bytes + bytes > topicQueueBytesMax || this.#queuedBytes + bytes > nodeQueueBytesMax) {
      const message = `Cannot append to topic "${topic}": its queue is full`;
      throw new Failure("overloaded", message, { retryAfterMs: 500 });
    }
  }

  async #run(topic: string, queue: TopicQueue): Promise<void> {
    try {
      while (queue.items.length > 0) await this.#commitNext(topic, queue);
    } catch (error) {
      // No failure of a commit: those that wait would have nobody who settles them.
      this.#reject(queue, queue.items.splice(0), error);
    } finally {
      queue.running = undefined;
      this.#queues.delete(topic);
    }
  }

  async #commitNext(topic: string, queue: TopicQueue): Promise<void> {
    const group = queue.grouping.next(queue.items);
    try {
      await this.#commit(topic, group);
      this.#free(queue, group);
    } catch (error) {
      this.#reject(queue, group, error);
      // Appends queued behind it wait for the same database: they fail now and not in 8 s.
      if (error instanceof Failure && error.code === "unavailable") {
        this.#reject(queue, queue.items.splice(0), error);
      }
    }
  }

  #reject(queue: TopicQueue, items: readonly Pending[], error: unknown): void {
    for (const item of items) item.reject(error);
    this.#free(queue, items);
  }

  #free(queue: TopicQueue, items: readonly Pending[]): void {
    for (const { batch } of items) {
      queue.bytes -= batch.frame.byteLength;
      this.#queuedBytes -= batch.frame.byteLength;
    }
  }

  /** Settles every item of the group, or throws the failure of those that it did not settle. */
  async #commit(topic: string, group: readonly Pending[]): Promise<void> {
    let incarnation = await this.#topics.incarnation(topic);
    let items = await this.#prepare(topic, incarnation, group);
    while (items.length > 0) {
      const outcome = await commit(
        this.#database,
        incarnation,
        items,
        this.#timeLeft(pendingOf(items)),
      );
      if (outcome.kind === "stored") {
        this.#settle(incarnation, items, outcome.base, outcome.receivedNs);
        return;
      }
      if (outcome.kind === "removed") {
        this.#topics.forget(topic, incarnation);
        const next = await this.#topics.incarnation(topic);
        if (next.id === incarnation.id) throw topicNotFound(topic);
        incarnation = next;
        items = await this.#prepare(topic, incarnation, pendingOf(items));
      } else if (outcome.kind === "stale producers") {
        for (const { producer } of items) {
          if (producer !== undefined) this.#producers.forget(incarnation, producer.id);
        }
        items = await this.#prepare(topic, incarnation, pendingOf(items));
      } else {
        items = await this.#settleDuplicates(incarnation, items);
      }
    }
  }

  /** Leaves out what producers have stored before: those items are settled here, and so are refused ones. */
  async #prepare(
    topic: string,
    incarnation: TopicIncarnation,
    group: readonly Pending[],
  ): Promise<readonly Prepared[]> {
    const runs = group.flatMap(({ producer }) => producer ?? []);
    const within = this.#timeLeft(group);
    const states =
      runs.length > 0 ? await this.#producers.states(incarnation, runs, within) : undefined;
    const prepared: Prepared[] = [];
    const stale: Pending[] = [];
    for (const pending of group) {
      const { batch, dedupId, producer } = pending;
      const state = producer && states?.get(producer.id);
      try {
        const stored = producer === undefined ? 0 : storedOf(topic, producer, state);
        if (stored < batch.count) {
          prepared.push({ pending, batch: batch.skip(stored), stored, dedupId, producer, state });
        } else {
          const position = { epoch: incarnation.epoch, sequence: state?.last ?? 0, index: 0 };
          pending.resolve(appendedBefore(position));
        }
      } catch (error) {
        const isStale = producer !== undefined && this.#producers.forget(incarnation, producer.id);
        if (isStale) stale.push(pending);
        else pending.reject(error);
      }
    }
    // Another node may have stored more since than this one remembers.
    return stale.length === 0
      ? prepared
      : [...prepared, ...(await this.#prepare(topic, incarnation, stale))];
  }

  #settle(
    incarnation: TopicIncarnation,
    items: readonly Prepared[],
    base: number,
    receivedNs: bigint,
  ): void {
    const batches = items.map(({ batch }) => batch);
    this.#buffers.committed(incarnation, base, batches, receivedNs);
    let first = base + 1;
    for (const item of items) {
      const appended = appendedRun(incarnation.epoch, first, item.batch.count, false);
      item.pending.resolve(appendedAfter(item.stored, appended));
      first += item.batch.count;
      if (item.producer === undefined) continue;
      const state = { ...stateAfter(item.producer), last: first - 1 };
      this.#producers.remember(incarnation, item.producer.id, state);
    }
  }

  async #settleDuplicates(
    incarnation: TopicIncarnation,
    items: readonly Prepared[],
  ): Promise<readonly Prepared[]> {
    const within = this.#timeLeft(pendingOf(items));
    const known = await knownIds(this.#database, incarnation, items, within);
    return items.filter(({ dedupId, pending }) => {
      const stored = dedupId === undefined ? undefined : known.get(dedupId);
      if (stored === undefined) return true;
      pending.resolve(appendedRun(incarnation.epoch, stored.first, stored.count, true));
      return false;
    });
  }

  #timeLeft(items: readonly Pending[]): number {
    const oldestMs = items[0]?.takenMs ?? 0;
    return Math.max(1_000, deadlineMs - (this.#database.clock.nowMs() - oldestMs));
  }
}

function pendingOf(items: readonly Prepared[]): readonly Pending[] {
  return items.map(({ pending }) => pending);
}

interface TopicQueue {
  readonly items: Pending[];
  readonly grouping: Grouping;
  /** Bytes of what is queued and what is under way. */
  bytes: number;
  running: Promise<void> | undefined;
}
