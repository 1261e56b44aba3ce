/**
 * Group commit. While one commit of a topic is under way, further appends wait and go together in
 * the next: a lone append costs one commit, and a crowd shares it. No timer delays anything.
 */
import type { Batch } from "../../core/batch.ts";
import { Failure } from "../../core/failure.ts";
import type { AppendOptions, Appended, ProducerRun } from "../../core/log.ts";
import { appendedAfter, appendedBefore, appendedRun, topicNotFound } from "../answers.ts";
import { commit, knownIds, type CommitItem } from "./commit.ts";
import { deadlineMs, type Database } from "./database.ts";
import { stateAfter, storedOf } from "../producers.ts";
import type { PostgresLogTuning } from "./options.ts";
import { Producers } from "./producers.ts";
import type { Tails } from "./live-buffers.ts";
import type { TopicIncarnation, Topics } from "./topics.ts";

/** Large enough to spread a commit's cost over many records, small enough to last milliseconds. */
const commitBytesMax = 4 * 1024 ** 2;

interface Pending {
  readonly batch: Batch;
  readonly dedupId?: string;
  readonly producer?: ProducerRun;
  readonly takenMs: number;
  resolve(appended: Appended): void;
  reject(failure: unknown): void;
}

/** What of a pending append goes into a commit. */
interface Prepared extends CommitItem {
  readonly pending: Pending;
  /** Its first records that were stored before. */
  readonly stored: number;
}

export class Appender {
  readonly #database: Database;
  readonly #topics: Topics;
  readonly #limits: PostgresLogTuning;
  readonly #tails: Tails;
  readonly #producers: Producers;
  readonly #queues = new Map<string, TopicQueue>();
  #queuedBytes = 0;

  constructor(database: Database, topics: Topics, limits: PostgresLogTuning, tails: Tails) {
    this.#database = database;
    this.#topics = topics;
    this.#limits = limits;
    this.#tails = tails;
    this.#producers = new Producers(database);
  }

  append(topic: string, batch: Batch, options: AppendOptions = {}): Promise<Appended> {
    const { frame } = batch;
    const queue = this.#queue(topic);
    this.#checkBounds(topic, queue, frame.byteLength);
    const takenMs = this.#database.clock.nowMs();
    return new Promise((resolve, reject) => {
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
      queue = { items: [], bytes: 0, running: undefined };
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
      const message = `Cannot append to topic "${topic}": more waits already than can be stored at once`;
      throw new Failure("overloaded", message, { retryAfterMs: 500 });
    }
  }

  async #run(topic: string, queue: TopicQueue): Promise<void> {
    while (queue.items.length > 0) {
      const group = takeGroup(queue);
      try {
        await this.#commit(topic, group);
      } catch (error) {
        for (const item of group) item.reject(error);
        // Whoever waited behind it waited for the same database: it hears so now, not in 8 s.
        if (error instanceof Failure && error.code === "unavailable") {
          for (const item of queue.items) item.reject(error);
          group.push(...queue.items.splice(0));
        }
      }
      for (const { batch } of group) {
        queue.bytes -= batch.frame.byteLength;
        this.#queuedBytes -= batch.frame.byteLength;
      }
    }
    queue.running = undefined;
    this.#queues.delete(topic);
  }

  /** Settles every item of the group, or throws what is to be told to those that it did not settle. */
  async #commit(topic: string, group: readonly Pending[]): Promise<void> {
    let life = await this.#topics.life(topic);
    let items = await this.#prepare(topic, life, group);
    while (items.length > 0) {
      const outcome = await commit(this.#database, life, items, this.#timeLeft(pendingOf(items)));
      if (outcome.kind === "stored") {
        this.#settle(life, items, outcome.base, outcome.receivedNs);
        return;
      }
      if (outcome.kind === "life ended") {
        this.#topics.forget(topic, life);
        const next = await this.#topics.life(topic);
        if (next.id === life.id) throw topicNotFound(topic);
        life = next;
        items = await this.#prepare(topic, life, pendingOf(items));
      } else if (outcome.kind === "stale producers") {
        for (const { producer } of items) {
          if (producer !== undefined) this.#producers.forget(life, producer.id);
        }
        items = await this.#prepare(topic, life, pendingOf(items));
      } else {
        items = await this.#settleDuplicates(life, items);
      }
    }
  }

  /** Leaves out what producers have stored already: those items are settled here, as are refused ones. */
  async #prepare(
    topic: string,
    life: TopicIncarnation,
    group: readonly Pending[],
  ): Promise<readonly Prepared[]> {
    const runs = group.flatMap(({ producer }) => producer ?? []);
    const within = this.#timeLeft(group);
    const states = runs.length > 0 ? await this.#producers.states(life, runs, within) : undefined;
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
          const position = { epoch: life.epoch, sequence: state?.last ?? 0, index: 0 };
          pending.resolve(appendedBefore(position));
        }
      } catch (error) {
        const isStale = producer !== undefined && this.#producers.forget(life, producer.id);
        if (isStale) stale.push(pending);
        else pending.reject(error);
      }
    }
    // What this node remembered may be behind what another has stored since.
    return stale.length === 0
      ? prepared
      : [...prepared, ...(await this.#prepare(topic, life, stale))];
  }

  #settle(
    life: TopicIncarnation,
    items: readonly Prepared[],
    base: number,
    receivedNs: bigint,
  ): void {
    const batches = items.map(({ batch }) => batch);
    this.#tails.committed(life, base, batches, receivedNs);
    let first = base + 1;
    for (const item of items) {
      const appended = appendedRun(life.epoch, first, item.batch.count, false);
      item.pending.resolve(appendedAfter(item.stored, appended));
      first += item.batch.count;
      if (item.producer === undefined) continue;
      const state = { ...stateAfter(item.producer), last: first - 1 };
      this.#producers.remember(life, item.producer.id, state);
    }
  }

  async #settleDuplicates(
    life: TopicIncarnation,
    items: readonly Prepared[],
  ): Promise<readonly Prepared[]> {
    const within = this.#timeLeft(pendingOf(items));
    const known = await knownIds(this.#database, life, items, within);
    return items.filter(({ dedupId, pending }) => {
      const stored = dedupId === undefined ? undefined : known.get(dedupId);
      if (stored === undefined) return true;
      pending.resolve(appendedRun(life.epoch, stored.first, stored.count, true));
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
  /** Of what waits and what is under way. */
  bytes: number;
  running: Promise<void> | undefined;
}

/**
 * What goes into the next commit, in order. A dedup id or a producer goes once: its second append
 * waits for the next commit, and so does all that was taken after it.
 */
function takeGroup(queue: TopicQueue): Pending[] {
  const ids = new Set<string>();
  const producers = new Set<string>();
  let bytes = 0;
  let count = 0;
  for (const { batch, dedupId, producer } of queue.items) {
    if (count > 0 && bytes + batch.frame.byteLength > commitBytesMax) break;
    if (dedupId !== undefined) {
      if (ids.has(dedupId)) break;
      ids.add(dedupId);
    }
    if (producer !== undefined) {
      if (producers.has(producer.id)) break;
      producers.add(producer.id);
    }
    bytes += batch.frame.byteLength;
    count++;
  }
  return queue.items.splice(0, count);
}
