/**
 * Relations: typed tables that the records of a topic are written to, by a mapping that a user
 * writes. This folder fits records into columns; `store/` has the tables.
 */

/** In PostgreSQL's names. */
export const columnTypes = [
  "text",
  "integer",
  "bigint",
  "numeric",
  "double precision",
  "boolean",
  "timestamptz",
  "jsonb",
] as const;
export type ColumnType = (typeof columnTypes)[number];

export interface RelationColumn {
  readonly name: string;
  readonly type: ColumnType;
  /** The path of its value in a record: member names from the outermost, and indexes of arrays. */
  readonly path: readonly string[];
}

export interface Relation {
  readonly topic: string;
  readonly name: string;
  readonly columns: readonly RelationColumn[];
  /** Names of the columns that identify a row: a later record with the same key replaces it. */
  readonly key: readonly string[];
}

/** A value or a record that did not fit its relation. Other records of its batch are not affected. */
export interface Refusal {
  /** JSON Pointer in the record; empty where it concerns the whole record. */
  readonly field: string;
  /** The value's JSON, shortened. */
  readonly given: string;
  readonly message: string;
}

export interface RelationCounts {
  /** Number of records that became rows, including those that replaced one. */
  readonly taken: number;
  readonly refused: number;
}

/** A refusal as the store keeps it. */
export interface KeptRefusal extends Refusal {
  /** Position token of the refused record in its topic. */
  readonly position: string;
  /** From 1, counted per relation. */
  readonly number: number;
}

/** The queries about a gateway's relations. */
export interface Relations {
  readonly all: readonly Relation[];
  /** By relation; a relation without records is missing. */
  counts(): Promise<ReadonlyMap<string, RelationCounts>>;
  /** The newest first, beginning before the number `before`. */
  refusals(relation: string, before: number | undefined, limit: number): Promise<KeptRefusal[]>;
}

/** RFC 6901. */
export function renderPointer(path: readonly string[]): string {
  return path.map((name) => `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
