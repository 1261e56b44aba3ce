/** Contracts of internal topics: their records are checked at ingestion, by whatever protocol they come. */

import type { Caller } from "./access/caller.ts";
import type { Issue } from "./failure.ts";

/** Derives from a record's value what else belongs to it, or says why its topic refuses it. */
export type RecordContract = (
  given: GivenRecord,
  /** Whose limits count; undefined: nobody's, also where nothing will be stored. */
  by?: Caller,
) => DerivedFields | Issue;

export interface GivenRecord {
  readonly value: Uint8Array;
  readonly contentType: string;
  readonly key?: string;
  /** As its producer set it; undefined: it did not. */
  readonly timeNs?: bigint;
}

export interface DerivedFields {
  readonly key: string;
  readonly contentType: string;
  /** Undefined: when it is received. */
  readonly timeNs: bigint | undefined;
}
