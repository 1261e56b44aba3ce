/** What a scan has looked at. */

import type { Filtered } from "../core/filter/record-filter.ts";
import type { Bounds } from "../core/log.ts";
import type { Position } from "../core/position.ts";
import { recordBytes, type StoredRecord } from "../core/record.ts";

/** A record at an end of what was looked at. */
export interface Edge {
  readonly position: Position;
  readonly receivedNs: bigint;
}

export interface Tallied {
  /** Number of records that were looked at. */
  readonly scanned: number;
  /** Number of those whose value could not be looked into, and was needed. */
  readonly undecodable: number;
  /** Number of those for which the expression has no answer. */
  readonly failed: number;
  readonly failure: string | undefined;
  /** The oldest and the newest of them; undefined: it was none. */
  readonly first: Edge | undefined;
  readonly last: Edge | undefined;
}

export class Tally implements Tallied {
  scanned = 0;
  undecodable = 0;
  failed = 0;
  failure: string | undefined;
  first: Edge | undefined;
  last: Edge | undefined;
  bytes = 0;

  /** Records that follow those before. */
  add(records: readonly StoredRecord[], counted: Omit<Filtered, "records">): void {
    this.scanned += records.length;
    this.#count(counted);
    for (const { record } of records) this.bytes += recordBytes(record);
    this.first ??= edgeOf(records[0]);
    this.last = edgeOf(records.at(-1)) ?? this.last;
  }

  /** Records that precede those before. */
  prepend(earlier: Tally): void {
    this.scanned += earlier.scanned;
    this.#count(earlier);
    this.bytes += earlier.bytes;
    this.first = earlier.first ?? this.first;
    this.last ??= earlier.last;
  }

  #count({ undecodable, failed, failure }: Omit<Filtered, "records">): void {
    this.undecodable += undecodable;
    this.failed += failed;
    this.failure ??= failure;
  }
}

/** Without the record itself, which may be large. */
function edgeOf(stored: StoredRecord | undefined): Edge | undefined {
  return stored && { position: stored.position, receivedNs: stored.receivedNs };
}

/** About how many records of the topic are kept, by what was counted in a part of it. */
export function aboutKept({ start, end }: Bounds, { scanned, first, last }: Tallied): number {
  const entries = Math.max(0, end.sequence - start.sequence);
  if (first === undefined || last === undefined) return entries;
  const looked = last.position.sequence - first.position.sequence + 1;
  return Math.round(entries * Math.max(1, scanned / looked));
}
