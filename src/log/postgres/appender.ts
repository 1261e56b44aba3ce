/**
 * Group commit. While one commit of a topic is under way, further appends wait and go together in
 * the next: a lone append costs one commit, and a crowd shares it. No timer delays anything.
 */
import { Failure } from "../../core/failure.ts";
import { encodeFrame } from "../../core/frame.ts";
import type { Appended } from "../../core/log.ts";
import type { LogRecord } from "../../core/record.ts";
import { appendedRun, topicNotFound } from "../answers.ts";
import { commit, knownIds, type CommitItem } from "./commit.ts";
import { deadlineMs, type Database } from "./database.ts";
import type { PostgresLogTuning } from "./options.ts";
import type { Tails } from "./tails.ts";
import type { Life, Topics } from "./topics.ts";

/** Large enough to spread a commit's cost over many records, small enough to last milliseconds. */
const commitBytesMax = 4 * 1024 ** 2;

interface Pending extends CommitItem {
  readonly takenMs: number;
  resolve(appended: Appended): void;
  reject(failure: unknown): void;
}

export class Appender {
  readonly #database: Database;
  readonly #topics: Topics;
  readonly #limits: PostgresLogTuning;
  readonly #tails: Tails;
  readonly #queues = new Map<string, TopicQueue>();
  #queuedBytes = 0;

  constructor(database: Database, topics: Topics, limits: PostgresLogTuning, tails: Tails) {
    this.#database = database;
    this.#topics = topics;
    this.#limits = limits;
    this.#tails = tails;
  }

  append(topic: string, records: readonly LogRecord[], dedupId?: string): Promise<Appended> {
    const frame = encodeFrame(records);
    const queue = this.#queue(topic);
    this.#checkBounds(topic, queue, frame.byteLength);
    const takenMs = this.#database.clock.nowMs();
    return new Promise((resolve, reject) => {
      queue.items.push({ records, frame, dedupId, takenMs, resolve, reject });
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
      const message = `Cannot append ${bytes} bytes to topic "${topic}": wanted at most ${appendBytesMax}`;
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
      for (const { frame } of group) {
        queue.bytes -= frame.byteLength;
        this.#queuedBytes -= frame.byteLength;
      }
    }
    queue.running = undefined;
    this.#queues.delete(topic);
  }

  /** Settles every item of the group, or throws what is to be told to those that it did not settle. */
  async #commit(topic: string, group: readonly Pending[]): Promise<void> {
    let life = await this.#topics.life(topic);
    let items = group;
    while (items.length > 0) {
      const outcome = await commit(this.#database, life, items, this.#timeLeft(items));
      if (outcome.kind === "stored") {
        this.#settle(life, items, outcome.base, outcome.receivedNs);
        return;
      }
      if (outcome.kind === "life ended") {
        this.#topics.forget(topic, life);
        const next = await this.#topics.life(topic);
        if (next.id === life.id) throw topicNotFound(topic);
        life = next;
      } else {
        items = await this.#settleDuplicates(life, items);
      }
    }
  }

  #settle(life: Life, items: readonly Pending[], base: number, receivedNs: bigint): void {
    const [only] = items;
    const records =
      items.length === 1 && only !== undefined
        ? only.records
        : items.flatMap((item) => item.records);
    this.#tails.committed(life, base, records, receivedNs);
    let first = base + 1;
    for (const item of items) {
      item.resolve(appendedRun(life.epoch, first, item.records.length, false));
      first += item.records.length;
    }
  }

  async #settleDuplicates(life: Life, items: readonly Pending[]): Promise<readonly Pending[]> {
    const known = await knownIds(this.#database, life, items, this.#timeLeft(items));
    return items.filter(({ dedupId, resolve }) => {
      const stored = dedupId === undefined ? undefined : known.get(dedupId);
      if (stored === undefined) return true;
      resolve(appendedRun(life.epoch, stored.first, stored.count, true));
      return false;
    });
  }

  #timeLeft(items: readonly Pending[]): number {
    const oldestMs = items[0]?.takenMs ?? 0;
    return Math.max(1_000, deadlineMs - (this.#database.clock.nowMs() - oldestMs));
  }
}

interface TopicQueue {
  readonly items: Pending[];
  /** Of what waits and what is under way. */
  bytes: number;
  running: Promise<void> | undefined;
}

/**
 * What goes into the next commit, in order. A dedup id goes once: its second append waits for the
 * next commit, and so does all that was taken after it.
 */
function takeGroup(queue: TopicQueue): Pending[] {
  const ids = new Set<string>();
  let bytes = 0;
  let count = 0;
  for (const { frame, dedupId } of queue.items) {
    if (count > 0 && bytes + frame.byteLength > commitBytesMax) break;
    if (dedupId !== undefined) {
      if (ids.has(dedupId)) break;
      ids.add(dedupId);
    }
    bytes += frame.byteLength;
    count++;
  }
  return queue.items.splice(0, count);
}
