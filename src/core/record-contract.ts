/** What topics of Sluice's own hold: their records are checked at the gate, whatever door they came in by. */
import type { Issue } from "./failure.ts";

/** Tells from a record's value what else belongs to it, or why its topic takes no such record. */
export type RecordContract = (given: GivenRecord) => FormedRecord | Issue;

export interface GivenRecord {
  readonly value: Uint8Array;
  readonly contentType: string;
  readonly key?: string;
  /** As its producer said; undefined: not at all. */
  readonly timeNs?: bigint;
}

export interface FormedRecord {
  readonly key: string;
  readonly contentType: string;
  /** Undefined: when it is received. */
  readonly timeNs: bigint | undefined;
}

/** By topic. */
export type RecordForms = ReadonlyMap<string, RecordContract>;
