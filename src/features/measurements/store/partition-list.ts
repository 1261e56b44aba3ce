/**
 * The partitions of the measurements, one an hour. A query names its partition itself, because a probe
 * into the whole table would begin by looking at all of them. These statements are by hand, because
 * Drizzle knows no tables of the system's.
 */

import { type SQL, sql } from "drizzle-orm";
import { type Queries, statement } from "../../../postgres/statement.ts";
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
 * Undefined for a tag without an id. Each query asks again, because a partition that was created a
 * moment ago may contain what was just saved.
 */
export async function planOf(db: Queries, tag: string): Promise<SeriesPlan | undefined> {
  const [row] = await statement<PlanRow>(
    db,
    sql`select (select id from series_tags where tag = ${tag}) as id, ${partitions}`,
  );
  if (row?.id === undefined || row.id === null) return undefined;
  return { id: row.id, tables: await tablesFrom(db, row) };
}

export async function hourTables(db: Queries): Promise<HourTables> {
  const [row] = await statement<PlanRow>(db, sql`select null::int as id, ${partitions}`);
  return row === undefined ? new Map() : await tablesFrom(db, row);
}

const partitions = sql`
  (select relkind = 'p' from pg_class where oid = 'measurements'::regclass) as partitioned,
  (select string_agg(c.relname, ',') from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'measurements'::regclass) as names`;

async function tablesFrom(db: Queries, { partitioned, names }: PlanRow): Promise<HourTables> {
  const tables = new Map<bigint, string>();
  if (!partitioned) {
    for (const { start, name } of await chunksOf(db)) tables.set(BigInt(start) / hourNs, name);
  }
  for (const name of names?.split(",") ?? []) {
    const hour = partitionPattern.exec(name)?.[1];
    if (hour !== undefined) tables.set(BigInt(hour), name);
  }
  return new Map([...tables].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** TimescaleDB's chunks, which it makes an hour wide; they are read as tables, compressed or not. */
async function chunksOf(db: Queries): Promise<{ start: string; name: string }[]> {
  return await statement<{ start: string; name: string }>(
    db,
    sql`
      select range_start_integer as start, chunk_schema || '.' || chunk_name as name
      from timescaledb_information.chunks
      where hypertable_schema = current_schema() and hypertable_name = 'measurements'`,
  );
}

/** A table of `HourTables` as SQL; a chunk's name begins with its schema. */
export function hourTable(name: string): SQL {
  const parts = name.split(".").map((part) => `"${part.replaceAll('"', '""')}"`);
  return sql.raw(parts.join("."));
}
