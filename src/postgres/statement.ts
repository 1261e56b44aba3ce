/**
 * Statements that are written by hand, for what Drizzle's builder does not express: sets of rows that
 * are passed as arrays, several writes behind one fence, walks along an index. Each says in the line
 * above it why it is one.
 */
import { sql } from "drizzle-orm";
import type { ExtractTablesWithRelations, GetColumnData, SQL, SQLWrapper } from "drizzle-orm";
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

/** A row of such a statement with the names and the types of its table's columns. */
export function rowOf<C extends Readonly<Record<string, PgColumn>>>(
  columns: C,
  driverRow: Readonly<Record<string, unknown>>,
): { [Name in keyof C]: GetColumnData<C[Name]> } {
  const entries = Object.entries(columns).map(([name, column]) => {
    const value = driverRow[column.name];
    return [name, value === null ? null : column.mapFromDriverValue(value)];
  });
  return Object.fromEntries(entries) as { [Name in keyof C]: GetColumnData<C[Name]> };
}

/** `a, b, c` */
export function list(parts: readonly SQLWrapper[]): SQL {
  return sql.join([...parts], sql`, `);
}

/** True where the column is one of the texts. One text of a statement, however many there are. */
export function isAnyOf(column: PgColumn, texts: readonly string[]): SQL {
  return sql`${column} = any(${arrayOfTexts(texts)}::text[])`;
}
