/** One topic, as those write it who bring few records at a time and are many. */
import type { Position } from "./position.ts";
import type { LogRecord } from "./record.ts";

export interface RecordWriter {
  /** Records that were taken and are not durable yet. */
  readonly pending: number;
  /** Many callers are under way at once, or were a moment ago. */
  readonly isCrowded: boolean;
  /**
   * Resolves once the record is durable, which shares its append with all that came with it. Throws
   * `overloaded` when too much is in flight, and what the log throws. The record's bytes are copied
   * before this returns.
   */
  append(record: LogRecord): Promise<Position>;
  /** The same for many, in their order; gives the last one's position. Of none there is none. */
  appendAll(records: readonly LogRecord[]): Promise<Position | undefined>;
}
