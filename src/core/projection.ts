/**
 * Projections: readers of the log that turn a topic into rows. The rows and the position are
 * committed together (invariant 2), so the store is exactly-once whatever dies in between.
 */

import { type Position, renderPosition } from "./position.ts";
import type { StoredRecord } from "./record.ts";

/** The store's half of one projection. */
export interface ProjectionTarget {
  readonly name: string;
  readonly topic: string;
  /** The position up to which records are rows; undefined before the first commit. */
  position(): Promise<Position | undefined>;
  /**
   * Writes the rows of `records` and moves the position from `from` to `to`, in one transaction.
   * Throws `conflict` when the position is not `from` (another owner has taken over).
   */
  commit(records: readonly StoredRecord[], from: Position | undefined, to: Position): Promise<void>;
  /**
   * Moves the position over records that the log no longer has. Readers of the rows must be able to
   * see the gap before `to`. Throws `conflict` as `commit` does.
   */
  skip(from: Position | undefined, to: Position): Promise<void>;
}

/** At most one node owns a name at a time; a dead node's names are released within 5 s. */
export interface Ownership {
  /** Waits until `name` is this node's. Rejects with `cancelled` when `signal` aborts. */
  acquire(name: string, signal: AbortSignal): Promise<Owned>;
}

export interface Owned {
  /** Aborts when the name is (or may be) no longer this node's. */
  readonly lost: AbortSignal;
  release(): Promise<void>;
}

/** What a reader skips from one position to another, as fields of its log line. */
export function describeSkip(from: Position, to: Position) {
  const isTrimmed = from.epoch === to.epoch;
  return {
    from: renderPosition(from),
    to: renderPosition(to),
    // Entries of two epochs cannot be counted.
    entries: isTrimmed ? Math.max(0, to.sequence - from.sequence) : undefined,
    reason: isTrimmed ? "trimmed" : "the topic was recreated",
  };
}
