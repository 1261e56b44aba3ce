/** What users ask about the ids of a rule: the port of the store that answers it. */

import type { AckCounts, AckId, AckIdState, AckRule } from "./rule.ts";

/** A list of ids in one state. Open ones: first those due first; overdue: the longest; complete: the last. */
export interface IdsQuery {
  readonly state: AckIdState;
  /** A place where they were not seen. */
  readonly missing?: string | undefined;
  readonly after: IdCursor | undefined;
  readonly limit: number;
}

/** Where a page of a list ends: the id, and what the list is sorted by. */
export interface IdCursor {
  readonly ms: number;
  readonly id: string;
}

/** Some ids that were seen in the same places, with the same time left. */
export interface CombinationRow {
  /** Bit `i`: they were seen in the place `i`. */
  readonly mask: number;
  readonly isOverdue: boolean;
  /** Undefined without a deadline. */
  readonly bin: number | undefined;
  readonly count: number;
  /** The oldest of them. */
  readonly oldest: { readonly ns: bigint; readonly id: string };
}

/** Cells of time left until the deadline, negative past it, in milliseconds. */
export interface TimeLeftAxis {
  readonly fromMs: number;
  readonly cellMs: number;
  /** What lies outside counts in the first and the last. */
  readonly cells: number;
}

export interface CombinationsQuery {
  readonly axis: TimeLeftAxis | undefined;
  readonly nowMs: number;
  readonly idsMax: number;
}

/** First occurrences per place and cell of time. */
export interface SeenRow {
  readonly place: number;
  readonly cell: number;
  readonly count: number;
}

export interface SeenQuery {
  readonly sinceMs: number;
  readonly cellMs: number;
  readonly cells: number;
  readonly idsMax: number;
}

export interface AckQueryStore {
  /** By the rule's number. */
  countsOf(rules: readonly number[]): Promise<ReadonlyMap<number, AckCounts>>;
  ids(rule: AckRule, query: IdsQuery): Promise<readonly AckId[]>;
  /** Of the ids that are open or overdue; `counted` of them at most `idsMax`. */
  combinations(
    rule: AckRule,
    query: CombinationsQuery,
  ): Promise<{ readonly counted: number; readonly rows: readonly CombinationRow[] }>;
  /** First occurrences of the ids that are open or overdue. */
  seen(rule: AckRule, query: SeenQuery): Promise<readonly SeenRow[]>;
}

/** What a page of ids in this state is sorted by. */
export function cursorOf({ id, state, nextMs, overdueMs }: AckId): IdCursor {
  return { ms: state === "overdue" ? (overdueMs ?? 0) : nextMs, id };
}
