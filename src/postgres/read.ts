/**
 * Reads that are built once. For a row by its key, Drizzle takes longer to build and render the query
 * and to map the row than PostgreSQL takes to answer it (0.18 ms per call instead of 0.05 ms).
 */

import {
  Column,
  type DriverValueDecoder,
  fillPlaceholders,
  is,
  type Query,
  SQL,
} from "drizzle-orm";
import { PgDialect } from "drizzle-orm/pg-core";
import type { Sql } from "postgres";
import { quoted } from "../core/failure.ts";

/** A query of Drizzle's builder whose selection is flat: columns and expressions, no tables. */
interface FlatSelect<Row> {
  readonly _: { readonly selectedFields: object; readonly result: Row[] };
  toSQL(): Query;
}

/** Rows by the values of the placeholders. */
export type Read<Row> = (values?: Readonly<Record<string, unknown>>) => Promise<Row[]>;

interface Field {
  readonly name: string;
  /** Undefined where the driver's value stays as it is. */
  readonly decode: ((value: unknown) => unknown) | undefined;
}

/**
 * Builds the read. Placeholders are sent as they are given, because Drizzle does not know their types:
 * an int8 as text or bigint, an array as a literal.
 */
export function preparedRead<Row>(sql: Sql, select: FlatSelect<Row>): Read<Row> {
  return readOf(sql, select, true);
}

/**
 * As `preparedRead`, but PostgreSQL plans each execution: for reads that join whole tables, where a plan
 * that was made while the tables were small compares each row of one with all of the other.
 */
export function plannedRead<Row>(sql: Sql, select: FlatSelect<Row>): Read<Row> {
  return readOf(sql, select, false);
}

function readOf<Row>(sql: Sql, select: FlatSelect<Row>, prepare: boolean): Read<Row> {
  const { sql: text, params } = select.toSQL();
  const fields = Object.entries(select._.selectedFields).map(fieldOf);
  return async (values = {}) => {
    const parameters = fillPlaceholders(params, values) as string[];
    const rows = await sql.unsafe(text, parameters, { prepare }).values();
    return rows.map((row) => rowFrom(row, fields) as Row);
  };
}

/** Renders a statement written by hand once. Its rows are as the driver returns them. */
export function preparedStatement<Row extends object>(sql: Sql, statement: SQL): Read<Row> {
  const { sql: text, params } = dialect.sqlToQuery(statement);
  return async (values = {}) => {
    const parameters = fillPlaceholders(params, values) as string[];
    return await sql.unsafe<Row[]>(text, parameters, { prepare: true });
  };
}

const dialect = new PgDialect();

function fieldOf([name, field]: [string, unknown]): Field {
  if (is(field, Column)) {
    const isAsIs = field.mapFromDriverValue === Column.prototype.mapFromDriverValue;
    // A subquery's column is a proxy: looking the method up would cost more than calling it.
    return { name, decode: isAsIs ? undefined : field.mapFromDriverValue.bind(field) };
  }
  if (is(field, SQL.Aliased)) {
    // `mapWith` sets it. Drizzle does not declare it, but decides the row's type by it.
    const { decoder } = field.sql as unknown as {
      readonly decoder: DriverValueDecoder<unknown, unknown>;
    };
    return { name, decode: (value) => decoder.mapFromDriverValue(value) };
  }
  throw new TypeError(`Cannot prepare a read of ${quoted(name)}: expected a column`);
}

function rowFrom(values: readonly unknown[], fields: readonly Field[]): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  let i = 0;
  for (const { name, decode } of fields) {
    const value = values[i++];
    row[name] = decode === undefined || value === null ? value : decode(value);
  }
  return row;
}
