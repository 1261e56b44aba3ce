/** Records in the order of their positions: added at the end, dropped from the front. */

import { comparePositions, type Position } from "../core/position.ts";
import { recordBytes, type StoredRecord } from "../core/record.ts";

export class RecordQueue {
  #records: (StoredRecord | undefined)[] = [];
  /** Index of the oldest record; the slots before it are empty, and removed now and then. */
  #head = 0;

  get oldest(): StoredRecord | undefined {
    return this.#records[this.#head];
  }

  get isEmpty(): boolean {
    return this.#head === this.#records.length;
  }

  push(stored: StoredRecord): void {
    this.#records.push(stored);
  }

  dropOldest(): void {
    if (this.isEmpty) return;
    this.#records[this.#head++] = undefined;
    if (this.#head > 32 && this.#head * 2 > this.#records.length) {
      this.#records = this.#records.slice(this.#head);
      this.#head = 0;
    }
  }

  /**
   * The records after `position` up to `through`, at most `bytesMax` of them (but at least one), and
   * the reader's position after them.
   */
  slice(position: Position, through: Position, bytesMax: number): Slice {
    const records: StoredRecord[] = [];
    const end = this.#firstAfter(through);
    let bytes = 0;
    for (let i = this.#firstAfter(position); i < end; i++) {
      const stored = this.#records[i];
      if (stored === undefined) continue;
      bytes += recordBytes(stored.record);
      const last = records.at(-1);
      if (last !== undefined && bytes > bytesMax) return { records, through: last.position };
      records.push(stored);
    }
    return { records, through };
  }

  #firstAfter(position: Position): number {
    let low = this.#head;
    let high = this.#records.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = this.#records[middle]?.position;
      if (at !== undefined && comparePositions(at, position) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export interface Slice {
  readonly records: StoredRecord[];
  readonly through: Position;
}
