/**
 * Which of a topic's queued appends share the next commit. A small append must not wait for the
 * megabytes of others: where it may, it goes before them, and every other commit still begins with the
 * oldest.
 */

import type { Batch } from "../../core/batch.ts";
import type { AppendOptions } from "../../core/log.ts";

/** Large enough to spread a commit's cost over many records, small enough to last milliseconds. */
const commitBytesMax = 4 * 1024 ** 2;

/**
 * Records of a few bytes cost more by their number: so many take some 10 ms to encode and to fan out.
 * What the collector brings is in frames, which are stored as they are: it does not count.
 */
const commitRecordsMax = 16_384;

/** What a small append has at most: a commit of some of them lasts about as long as an empty one. */
const smallBytesMax = 16 * 1024;
const smallRecordsMax = 100;

export interface Groupable extends AppendOptions {
  readonly batch: Batch;
}

/** The order of one topic's appends. */
export class Grouping {
  /** The last group went before older appends: the next one begins with the oldest. */
  #hasOvertaken = false;

  /** Removes the next commit's appends from `queue`, which has at least one. */
  next<Item extends Groupable>(queue: Item[]): Item[] {
    if (!this.#hasOvertaken) {
      const group = takeOvertaking(queue);
      this.#hasOvertaken = group.length > 0;
      if (this.#hasOvertaken) return group;
    }
    this.#hasOvertaken = false;
    return takeOldest(queue);
  }
}

/** The oldest, and what follows it as far as it fits. */
function takeOldest<Item extends Groupable>(queue: Item[]): Item[] {
  const room = new Room();
  let count = 0;
  for (const item of queue) {
    if (!room.take(item)) break;
    count++;
  }
  return queue.splice(0, count);
}

/** All small appends that may go before others, where one of them waits behind a larger append; else none. */
function takeOvertaking<Item extends Groupable>(queue: Item[]): Item[] {
  const firstLarge = queue.findIndex((item) => !isSmall(item));
  if (firstLarge < 0 || !queue.some((item, i) => i > firstLarge && mayOvertake(item))) return [];
  const room = new Room();
  const group = new Set<Item>();
  for (const item of queue) {
    if (!mayOvertake(item)) continue;
    if (!room.take(item)) break;
    group.add(item);
  }
  let others = 0;
  for (const item of queue) {
    if (!group.has(item)) queue[others++] = item;
  }
  queue.length = others;
  return [...group];
}

function isSmall({ batch }: Groupable): boolean {
  return batch.count <= smallRecordsMax && batch.frame.byteLength <= smallBytesMax;
}

function mayOvertake(item: Groupable): boolean {
  return item.isIndependent === true && item.producer === undefined && isSmall(item);
}

/**
 * What a commit has room for. It contains a dedup id or a producer once: its second append waits for
 * the commit after it, and so do all that came after that.
 */
class Room {
  readonly #ids = new Set<string>();
  readonly #producers = new Set<string>();
  #appends = 0;
  #bytes = 0;
  #records = 0;

  /** False where it does not fit; the first always does. */
  take({ batch, dedupId, producer, isIndependent = false }: Groupable): boolean {
    const bytes = this.#bytes + batch.frame.byteLength;
    const records = this.#records + (isIndependent ? batch.count : 0);
    const isFull = bytes > commitBytesMax || records > commitRecordsMax;
    if (this.#appends > 0 && isFull) return false;
    if (dedupId !== undefined && this.#ids.has(dedupId)) return false;
    if (producer !== undefined && this.#producers.has(producer.id)) return false;
    if (dedupId !== undefined) this.#ids.add(dedupId);
    if (producer !== undefined) this.#producers.add(producer.id);
    this.#appends++;
    this.#bytes = bytes;
    this.#records = records;
    return true;
  }
}
