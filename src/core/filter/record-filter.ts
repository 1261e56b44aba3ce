/**
 * Filters of records, the same for pages, streams, sockets and exports: a port that the registry
 * implements, because a filter looks into messages of its schemas.
 */

import type { Turn } from "../budget/turn.ts";
import type { StoredRecord } from "../record.ts";
import type { MaybePromise } from "../schemas.ts";

/** What a caller gives; a record must fulfil both. */
export interface FilterQuery {
  /** A CEL expression over `filterVariables`. */
  readonly where?: string | undefined;
  /** Found in the key, a header or the value, in upper or lower case. */
  readonly text?: string | undefined;
}

export interface Filtered {
  /** Those that match, in their order. The end of an emitter always does. */
  readonly records: readonly StoredRecord[];
  /** Number of records whose value could not be looked into, and was needed. */
  readonly undecodable: number;
  /** Number of records for which the expression has no answer, such as those without the field. */
  readonly failed: number;
  /** Why the first of them has none. */
  readonly failure: string | undefined;
}

export interface RecordFilter {
  /**
   * Synchronous where every schema is cached. Within `turn`, else within one of the filter. Rejects
   * with `unavailable` when a schema cannot be fetched, and throws what the turn throws.
   */
  apply(records: readonly StoredRecord[], turn?: Turn): MaybePromise<Filtered>;
}

export interface RecordFilters {
  /**
   * Undefined where the query asks for nothing. Throws `invalid` for an expression that is not one; its
   * issue names the field `where`, and its message the column.
   */
  compile(query: FilterQuery): Promise<RecordFilter | undefined>;
}

export const whereCharsMax = 2000;
export const textCharsMax = 500;
