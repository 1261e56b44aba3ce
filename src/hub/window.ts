/**
 * The newest records of a topic, in memory: a subscriber that was cut off or stalled is replayed from
 * here and becomes live without a gap or duplicate.
 */

import { comparePositions, type Position } from "../core/position.ts";
import { residentBytes, type StoredRecord } from "../core/record.ts";
import { RecordQueue, type Slice } from "./queue.ts";

export class Window {
  readonly #bytesMax: number;
  readonly #all = new RecordQueue();
  /**
   * The same records by key: thousands of subscribers, each of another key, come back together when
   * a load balancer restarts, and searching the whole window takes milliseconds for each.
   */
  readonly #byKey = new Map<string, RecordQueue>();
  #bytes = 0;
  #after: Position;

  constructor(after: Position, bytesMax: number) {
    this.#after = after;
    this.#bytesMax = bytesMax;
  }

  /** The window contains every record after this position. */
  get after(): Position {
    return this.#after;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(stored: StoredRecord): void {
    const { record } = stored;
    this.#all.push(stored);
    this.#bytes += residentBytes(record);
    let ofKey = this.#byKey.get(record.key);
    if (ofKey === undefined) {
      ofKey = new RecordQueue();
      this.#byKey.set(record.key, ofKey);
    }
    ofKey.push(stored);
  }

  /** Drops the oldest past the bound, or a lower one, but nothing after `keepAfter`. */
  trim(keepAfter: Position, bytesMax = this.#bytesMax): void {
    this.#dropWhile(keepAfter, () => this.#bytes > bytesMax);
  }

  /** Drops what was received before, but nothing after `keepAfter`. */
  dropReceivedBefore(ns: bigint, keepAfter: Position): void {
    this.#dropWhile(keepAfter, ({ receivedNs }) => receivedNs < ns);
  }

  #dropWhile(keepAfter: Position, isDue: (oldest: StoredRecord) => boolean): void {
    for (;;) {
      const { oldest } = this.#all;
      if (oldest === undefined || !isDue(oldest)) break;
      if (comparePositions(oldest.position, keepAfter) > 0) break;
      this.#after = oldest.position;
      this.#bytes -= residentBytes(oldest.record);
      this.#all.dropOldest();
      this.#dropOldestOf(oldest.record.key);
    }
  }

  /**
   * The records after `position` up to `through`, of `key` where one is given; at most `bytesMax` of
   * them (but at least one), and the reader's position after them.
   */
  slice(position: Position, through: Position, key: string | undefined, bytesMax: number): Slice {
    const queue = key === undefined ? this.#all : this.#byKey.get(key);
    return queue?.slice(position, through, bytesMax) ?? { records: [], through };
  }

  #dropOldestOf(key: string): void {
    const ofKey = this.#byKey.get(key);
    ofKey?.dropOldest();
    if (ofKey?.isEmpty) this.#byKey.delete(key);
  }
}
