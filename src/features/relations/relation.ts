/**
 * Relations: typed tables that the records of a topic land in, by a mapping that their user writes.
 * What a column takes of a record is decided in `this folder`; the tables are the store's.
 */
/** As PostgreSQL names them. */
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
  /** Where its value is in a record: names of members, from the outermost; indexes in arrays. */
  readonly path: readonly string[];
}

export interface Relation {
  readonly topic: string;
  readonly name: string;
  readonly columns: readonly RelationColumn[];
  /** Names of the columns that tell rows apart: a later record of the same key replaces the row. */
  readonly key: readonly string[];
}

/** A record that its relation could not take; the others of its batch were kept. */
export interface Refusal {
  /** JSON Pointer in the record; empty where it is about the whole of it. */
  readonly field: string;
  /** The value's JSON, shortened. */
  readonly given: string;
  readonly message: string;
}

export interface RelationCounts {
  /** Records that became rows, those that replaced one included. */
  readonly taken: number;
  readonly refused: number;
}

/** A refusal as the store keeps it. */
export interface KeptRefusal extends Refusal {
  /** Token of the refused record in its topic. */
  readonly position: string;
  /** Counted from 1 for each relation. */
  readonly number: number;
}

/** What may be asked of the relations of a gateway. */
export interface Relations {
  readonly all: readonly Relation[];
  /** By relation; one that has taken nothing yet is not there. */
  counts(): Promise<ReadonlyMap<string, RelationCounts>>;
  /** The newest first, from those before `before` on. */
  refusals(relation: string, before: number | undefined, limit: number): Promise<KeptRefusal[]>;
}

/** RFC 6901. */
export function renderPointer(path: readonly string[]): string {
  return path.map((name) => `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
