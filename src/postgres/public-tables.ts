/**
 * Older releases had their tables in `public`. They are moved into the gateway's schema, once, with
 * their data, indexes and sequences. No row is rewritten, so this takes milliseconds.
 */

import { setTimeout as sleep } from "node:timers/promises";
import type { MigrationMeta } from "drizzle-orm/migrator";
import type { Sql, TransactionSql } from "postgres";
import { Failure } from "../core/failure.ts";

export const migrationsTable = "sluice_migrations";

/**
 * The tables of those releases, by the migration that created them. Only the tables of migrations that
 * the database lists as applied are moved: any other table with such a name is the user's.
 */
const tablesByMigration: readonly (readonly string[])[] = [
  ["log_topics", "log_entries", "log_dedup"],
  ["emitter_events", "emitters", "nodes", "projections"],
  [
    "registry_changes",
    "registry_settings",
    "schema_messages",
    "schema_references",
    "schemas",
    "subject_versions",
    "subjects",
  ],
  ["log_producers"],
  [],
  // The function of TimescaleDB's hypertable stays, because the extension refers to it by name.
  ["series_tags", "measurements", "series_dirty"],
  ["series_rollups", "series_due"],
  ["lifecycles", "lifecycle_apps", "lifecycle_progress"],
  ["ack_rules", "ack_positions", "ack_ids", "ack_outbox"],
  ["relation_counts", "relation_refusals"],
];

const movedTo = "moved to schema ";

/** Names that a running node of those releases owns, by advisory locks of its session. */
const ownedByOldNodes = ["emitter-pages", "lifecycle", "measurements"];
/** Time for an older node that is being stopped. */
const oldNodesMs = { most: 12_000, every: 250 };

/**
 * Moves them into `schema`, unless there is nothing to move; returns how many tables were moved. The
 * caller keeps other nodes from doing the same. Throws `conflict` when `schema` is `public` and its
 * tables were moved away, and when a node of an older release still runs.
 */
export async function moveFromPublic(
  sql: Sql,
  schema: string,
  migrations: readonly MigrationMeta[],
): Promise<number> {
  if (!(await hasMigrations(sql, "public"))) return 0;
  if (schema === "public") {
    await refuseMoved(sql);
    return 0;
  }
  if (await hasMigrations(sql, schema)) return 0;
  await requireOldNodesStopped(sql);
  return await sql.begin(async (tx) => {
    const [newest] = await tx<{ at: string | null }[]>`
      select max(created_at) as at from public.${tx(migrationsTable)}`;
    const applied = migrations.filter(
      ({ folderMillis }) => folderMillis <= Number(newest?.at ?? 0),
    );
    // A release that knows schemas uses `public` because its setting says so.
    if (applied.length > tablesByMigration.length) return 0;
    const tables = await tablesToMove(tx, applied.length);
    for (const name of tables) await tx`alter table public.${tx(name)} set schema ${tx(schema)}`;
    await leaveMarker(tx, schema, migrations[tablesByMigration.length]?.folderMillis ?? 0);
    return tables.length;
  });
}

/**
 * An older node whose tables are moved away would go on with what it still finds, and keep the names
 * that the new nodes need. The locks are taken, not only looked at: none can start meanwhile.
 */
async function requireOldNodesStopped(sql: Sql): Promise<void> {
  const untilMs = Date.now() + oldNodesMs.most;
  for (const name of ownedByOldNodes) {
    while (!(await tryOldLock(sql, name))) {
      if (Date.now() >= untilMs) {
        throw new Failure(
          "conflict",
          "Cannot move the tables out of public: a node of an older release still uses them, expected all of those to be stopped first",
        );
      }
      await sleep(oldNodesMs.every);
    }
  }
}

async function tryOldLock(sql: Sql, name: string): Promise<boolean> {
  const [row] = await sql<{ got: boolean }[]>`
    select pg_try_advisory_lock(hashtextextended(${`sluice:${name}`}, 0)) as got`;
  return row?.got === true;
}

export async function hasMigrations(sql: Sql, schema: string): Promise<boolean> {
  const [row] = await sql<{ found: boolean }[]>`
    select to_regclass(${`"${schema}".${migrationsTable}`}) is not null as found`;
  return row?.found === true;
}

/** The tables of the first migrations, and their partitions. */
async function tablesToMove(tx: TransactionSql, migrations: number): Promise<readonly string[]> {
  const named = [migrationsTable, ...tablesByMigration.slice(0, migrations).flat()];
  const rows = await tx<{ name: string }[]>`
    with recursive tables (id) as (
      select oid from pg_class
      where relnamespace = 'public'::regnamespace and relname in ${tx(named)} and relkind in ('r', 'p')
      union
      select inhrelid from pg_inherits join tables on inhparent = id
    )
    select relname as name from pg_class join tables on id = oid
    where relnamespace = 'public'::regnamespace`;
  return rows.map(({ name }) => name);
}

/**
 * An older release that starts later would find no tables, and begin with empty ones. It reads this
 * table first, and refuses a database that a newer release has changed.
 */
async function leaveMarker(tx: TransactionSql, schema: string, createdAt: number): Promise<void> {
  await tx`create table public.${tx(migrationsTable)} (
    id serial primary key, hash text not null, created_at bigint)`;
  await tx`insert into public.${tx(migrationsTable)} (hash, created_at)
    values (${movedTo + schema}, ${createdAt})`;
}

async function refuseMoved(sql: Sql): Promise<void> {
  const [row] = await sql<{ hash: string }[]>`
    select hash from public.${sql(migrationsTable)} where starts_with(hash, ${movedTo})`;
  if (row === undefined) return;
  const schema = row.hash.slice(movedTo.length);
  throw new Failure(
    "conflict",
    `Cannot use schema "public": its tables were moved to schema "${schema}", expected SLUICE_DATABASE_SCHEMA=${schema}, or a schema that was not used yet`,
  );
}
