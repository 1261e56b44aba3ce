/**
 * Statements that are written by hand, for what Drizzle's builder does not express: sets of rows that
 * are passed as arrays, several writes behind one fence, walks along an index. Each says in the line
 * above it why it is one.
 */
import { getTableColumns, sql } from "drizzle-orm";
import type { ExtractTablesWithRelations, SQL, SQLWrapper } from "drizzle-orm";
import type { PgColumn, PgDatabase, PgTable } from "drizzle-orm/pg-core";
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

/** A row of such a statement with the columns and the types of its table. */
export function rowOf<T extends PgTable>(
  table: T,
  driverRow: Readonly<Record<string, unknown>>,
): T["$inferSelect"] {
  const row: Record<string, unknown> = {};
  for (const [name, column] of Object.entries(getTableColumns(table))) {
    const value = driverRow[column.name];
    row[name] = value === null ? null : column.mapFromDriverValue(value);
  }
  return row;
}

/** `a, b, c` */
export function list(parts: readonly SQLWrapper[]): SQL {
  return sql.join([...parts], sql`, `);
}

/** True where the column is one of the texts. One text of a statement, however many there are. */
export function isAnyOf(column: PgColumn, texts: readonly string[]): SQL {
  return sql`${column} = any(${arrayOfTexts(texts)}::text[])`;
}
