/**
 * The newest records of a topic, in memory: where a subscriber that was cut off, or that stalled,
 * goes over from replay to live without gap or duplicate.
 */
import { comparePositions, type Position } from "../core/position.ts";
import { recordBytes, type StoredRecord } from "../core/record.ts";

export class Window {
  readonly #bytesMax: number;
  #records: (StoredRecord | undefined)[] = [];
  /** Index of the oldest record that is still in the window; the empty places before go lazily. */
  #head = 0;
  #bytes = 0;
  #after: Position;

  constructor(after: Position, bytesMax: number) {
    this.#after = after;
    this.#bytesMax = bytesMax;
  }

  /** The window holds every record after this position. */
  get after(): Position {
    return this.#after;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(stored: StoredRecord): void {
    this.#records.push(stored);
    this.#bytes += recordBytes(stored.record);
  }

  /** Drops the oldest past the bound, but nothing after `keepAfter`. */
  trim(keepAfter: Position): void {
    while (this.#bytes > this.#bytesMax) {
      const oldest = this.#records[this.#head];
      if (oldest === undefined || comparePositions(oldest.position, keepAfter) > 0) break;
      this.#after = oldest.position;
      this.#bytes -= recordBytes(oldest.record);
      this.#records[this.#head++] = undefined;
    }
    if (this.#head > 1024 && this.#head * 2 > this.#records.length) {
      this.#records = this.#records.slice(this.#head);
      this.#head = 0;
    }
  }

  /**
   * The records after `position` up to `through`, of `key` where one is given; at most
   * `bytesMax` of them (but one at least), and where the reader then stands.
   */
  slice(
    position: Position,
    through: Position,
    key: string | undefined,
    bytesMax: number,
  ): { records: StoredRecord[]; through: Position } {
    const records: StoredRecord[] = [];
    let bytes = 0;
    const end = this.#firstAfter(through);
    // Thousands of keys' subscribers may come back at once: of another key's record only the key
    // is looked at.
    for (let i = this.#firstAfter(position); i < end; i++) {
      const stored = this.#records[i];
      if (stored === undefined || (key !== undefined && stored.record.key !== key)) continue;
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
      const stored = this.#records[middle];
      if (stored !== undefined && comparePositions(stored.position, position) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
