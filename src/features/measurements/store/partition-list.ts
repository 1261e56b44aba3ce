/**
 * The partitions of the measurements, one an hour. A query names its partition itself: a probe into
 * the whole table would begin by looking at all of them.
 */
import type { Sql, TransactionSql } from "postgres";
import { hourNs } from "./partitions.ts";

const partitionPattern = /^measurements_(-?\d+)$/;

/** The tables that measurements lie in, by hours since 1970, rising. */
export type HourTables = ReadonlyMap<bigint, string>;

/** A tag that the store knows, and where its points may be. */
export interface SeriesPlan {
  readonly id: number;
  readonly tables: HourTables;
}

interface PlanRow {
  readonly id: number | null;
  readonly partitioned: boolean;
  readonly names: string | null;
}

/**
 * Undefined for a tag without an id. Asked for anew by each query: an hour that was made a moment ago
 * may hold what was just saved.
 */
export async function planOf(
  sql: Sql | TransactionSql,
  tag: string,
): Promise<SeriesPlan | undefined> {
  const [row] = await sql<PlanRow[]>`
    select (select id from series_tags where tag = ${tag}) as id, ${partitions(sql)}`;
  if (row?.id === undefined || row.id === null) return undefined;
  return { id: row.id, tables: await tablesFrom(sql, row) };
}

export async function hourTables(sql: Sql | TransactionSql): Promise<HourTables> {
  const [row] = await sql<PlanRow[]>`select null::int as id, ${partitions(sql)}`;
  return row === undefined ? new Map() : await tablesFrom(sql, row);
}

function partitions(sql: Sql | TransactionSql) {
  return sql`
    (select relkind = 'p' from pg_class where oid = 'measurements'::regclass) as partitioned,
    (select string_agg(c.relname, ',') from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = 'measurements'::regclass) as names`;
}

async function tablesFrom(
  sql: Sql | TransactionSql,
  { partitioned, names }: PlanRow,
): Promise<HourTables> {
  const tables = new Map<bigint, string>();
  if (!partitioned) {
    for (const { start, name } of await chunksOf(sql)) tables.set(BigInt(start) / hourNs, name);
  }
  for (const name of names?.split(",") ?? []) {
    const hour = partitionPattern.exec(name)?.[1];
    if (hour !== undefined) tables.set(BigInt(hour), name);
  }
  return new Map([...tables].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** TimescaleDB's chunks, which it makes an hour wide; they are read as tables, compressed or not. */
async function chunksOf(sql: Sql | TransactionSql): Promise<{ start: string; name: string }[]> {
  return await sql<{ start: string; name: string }[]>`
    select range_start_integer as start, chunk_schema || '.' || chunk_name as name
    from timescaledb_information.chunks where hypertable_name = 'measurements'`;
}
