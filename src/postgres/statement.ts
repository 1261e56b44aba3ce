/**
 * Statements that are written by hand, for what Drizzle's builder does not express: sets of rows that
 * are passed as arrays, several writes behind one fence, walks along an index. Each says in the line
 * above it why it is one.
 */

import { Column, sql } from "drizzle-orm";
import type {
  ExtractTablesWithRelations,
  GetColumnData,
  Placeholder,
  SQL,
  SQLWrapper,
} from "drizzle-orm";
import type { PgColumn, PgDatabase } from "drizzle-orm/pg-core";
import type { PostgresJsQueryResultHKT } from "drizzle-orm/postgres-js";
import type { RowList } from "postgres";
import { arrayOfTexts } from "./arrays.ts";

type NoSchema = Record<string, never>;

/** The store, or a transaction of it. */
export type Queries = PgDatabase<
  PostgresJsQueryResultHKT,
  NoSchema,
  ExtractTablesWithRelations<NoSchema>
>;

/** Runs one statement. Its rows are as the driver returns them: int8 and arrays are text. */
export async function statement<Row extends object>(
  db: Queries,
  text: SQL,
): Promise<RowList<Row[]>> {
  return (await db.execute(text)) as unknown as RowList<Row[]>;
}

export type ColumnRow<C extends Columns> = { [Name in keyof C]: GetColumnData<C[Name]> };
type Columns = Readonly<Record<string, PgColumn>>;

/** The decoder of a statement's rows, by the names and the types of its table's columns. */
export function decoderOf<C extends Columns>(columns: C) {
  const decoders = Object.entries(columns).map(([name, column]) => {
    const isAsIs = column.mapFromDriverValue === Column.prototype.mapFromDriverValue;
    return { name, key: column.name, column: isAsIs ? undefined : column };
  });
  return (driverRow: Readonly<Record<string, unknown>>): ColumnRow<C> => {
    const row: Record<string, unknown> = {};
    for (const { name, key, column } of decoders) {
      const value = driverRow[key];
      const isDecoded = column === undefined || value === null;
      row[name] = isDecoded ? value : column.mapFromDriverValue(value);
    }
    return row as ColumnRow<C>;
  };
}

/** `a, b, c` */
export function list(parts: readonly SQLWrapper[]): SQL {
  return sql.join([...parts], sql`, `);
}

/** True where the column is one of the texts. One text of a statement, however many there are. */
export function isAnyOf(column: PgColumn, texts: readonly string[]): SQL {
  return sql`${column} = any(${arrayOfTexts(texts)}::text[])`;
}

/**
 * A limit as part of the text. With a parameter PostgreSQL would plan for a tenth of all rows; it
 * would take another plan, or plan each execution again.
 */
export function fixedLimit(rows: number): Placeholder {
  return sql.raw(String(rows)) as unknown as Placeholder;
}

/** Waits for an advisory lock of this schema, and has it until the transaction ends. */
export async function lockUntilCommit(tx: Queries, name: string): Promise<void> {
  await tx.execute(
    sql`select pg_advisory_xact_lock(hashtextextended(current_schema() || ${`:${name}`}::text, 0))`,
  );
}
