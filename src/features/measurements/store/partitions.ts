/**
 * The partitions of the measurements, one an hour, created ahead and dropped whole. A partition is
 * created as a table and then attached, which blocks no reader or writer of the others. Where
 * `measurements` is TimescaleDB's hypertable it creates its own chunks, and they are only dropped here.
 * The statements are by hand, because Drizzle knows no partitions.
 */

import { getTableName, sql } from "drizzle-orm";
import type { PgTable } from "drizzle-orm/pg-core";
import type { Logger } from "../../../core/logger.ts";
import { OwnedTask, type OwnedTaskDeps } from "../../../core/owned-task.ts";
import { arrayOfTexts } from "../../../postgres/arrays.ts";
import type { DatabaseClock } from "../../../postgres/database-clock.ts";
import type { Database } from "../../../postgres/database.ts";
import { lockUntilCommit, type Queries, statement } from "../../../postgres/statement.ts";
import { nsPerMs } from "../measurement.ts";
import { measurements } from "./tables.ts";

export const hourNs = 3_600_000_000_000n;
const hoursAhead = 3n;
const everyMsDefault = 30_000;
/** Dropping locks the whole table: it is retried later instead of having every query queue behind it. */
const dropLockMs = 200;

export interface PartitionOptions extends OwnedTaskDeps {
  readonly database: Database;
  /** Measurements that are older are dropped, an hour of them at once. */
  readonly retentionMs: number;
  readonly everyMs?: number;
  readonly databaseClock: Pick<DatabaseClock, "nowNs" | "sweepNs">;
}

/** Creates those of the next hours and drops the old, on one node; resolves once the signal ends it. */
export function runMeasurementPartitions(options: PartitionOptions): Promise<void> {
  const { database, retentionMs, databaseClock, logger, everyMs = everyMsDefault } = options;
  const task = { name: "measurement-partitions", task: "measurement partitions" };
  return new OwnedTask({ ...options, ...task, everyMs }, async () => {
    await makeNextPartitions(database, databaseClock.nowNs());
    await dropOldPartitions(database, await databaseClock.sweepNs(), retentionMs, logger);
  }).done;
}

/** The partitions of the hours from now on. */
export async function makeNextPartitions(database: Database, nowNs: bigint): Promise<void> {
  const hour = hourOf(nowNs);
  await makePartitions(
    database,
    Array.from({ length: Number(hoursAhead) + 1 }, (_, ahead) => hour + BigInt(ahead)),
  );
}

export async function dropOldPartitions(
  database: Database,
  nowNs: bigint,
  retentionMs: number,
  logger: Logger,
): Promise<void> {
  const dropped = await dropPartitions(database, nowNs - BigInt(retentionMs) * nsPerMs);
  if (dropped.length > 0) {
    logger("info", "old measurements dropped", { partitions: dropped.length, to: dropped.at(-1) });
  }
}

/** Hours since 1970. */
export function hourOf(timeNs: bigint): bigint {
  return timeNs < 0n ? (timeNs + 1n) / hourNs - 1n : timeNs / hourNs;
}

/** Creates the partitions of these hours that do not exist yet; several nodes may try at once. */
export async function makePartitions(
  { db, run }: Database,
  hours: readonly bigint[],
): Promise<void> {
  await run(() =>
    db.transaction(async (tx) => {
      if (!(await isPartitioned(tx))) return;
      // Not the ownership's name, which a session of this node has locked.
      await lockUntilCommit(tx, "make-partitions");
      const existing = await existingTables(tx, hours.map(nameOf));
      for (const hour of hours.filter((each) => !existing.has(nameOf(each)))) {
        await makePartition(tx, hour);
      }
    }),
  );
}

async function existingTables(tx: Queries, names: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await statement<{ name: string }>(
    tx,
    sql`
      select relname as name from pg_class
      where relname = any(${arrayOfTexts(names)}::text[]) and relnamespace = current_schema()::regnamespace`,
  );
  return new Set(rows.map(({ name }) => name));
}

async function makePartition(tx: Queries, hour: bigint): Promise<void> {
  const table = sql.identifier(nameOf(hour));
  // Rows are only ever added, and the table is dropped as a whole. PostgreSQL would read it whenever
  // it has grown by a fifth, for nothing.
  await statement(
    tx,
    sql`
      create table ${table} (like measurements including defaults including indexes)
      with (autovacuum_vacuum_insert_threshold = -1)`,
  );
  const [from, to] = [hour * hourNs, (hour + 1n) * hourNs];
  // A bound takes no parameter; both are numbers.
  await statement(
    tx,
    sql`
      alter table measurements attach partition ${table}
      for values from (${sql.raw(String(from))}) to (${sql.raw(String(to))})`,
  );
}

/** Drops those that end at `beforeNs` or earlier; returns their names, oldest first. */
export async function dropPartitions(
  { db, run }: Database,
  beforeNs: bigint,
): Promise<readonly string[]> {
  if (!(await run(() => isPartitioned(db)))) return await run(() => dropChunks(db, beforeNs));
  const names = await run(() => partitionsOf(db, measurements));
  const old = names.filter((name) => (hourFromName(name) + 1n) * hourNs <= beforeNs);
  for (const name of old) {
    await run(() =>
      db.transaction(async (tx) => {
        await tx.execute(sql`select set_config('lock_timeout', ${String(dropLockMs)}, true)`);
        await statement(tx, sql`drop table if exists ${sql.identifier(name)}`);
      }),
    );
  }
  return old;
}

/** TimescaleDB's functions may be in any schema. */
async function dropChunks(db: Queries, beforeNs: bigint): Promise<readonly string[]> {
  const [extension] = await statement<{ schema: string }>(
    db,
    sql`
      select nspname as schema from pg_extension e join pg_namespace n on n.oid = e.extnamespace
      where extname = 'timescaledb'`,
  );
  const chunks = await statement<{ name: string }>(
    db,
    sql`
      select ${sql.identifier(extension?.schema ?? "public")}.drop_chunks('measurements',
        older_than => ${String(beforeNs)}::bigint) as name`,
  );
  return chunks.map(({ name }) => name);
}

/** Names of a table's partitions, in order. */
export async function partitionsOf(db: Queries, table: PgTable): Promise<readonly string[]> {
  const rows = await statement<{ name: string }>(
    db,
    sql`
      select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = ${getTableName(table)}::regclass order by c.relname`,
  );
  return rows.map(({ name }) => name);
}

/** False where it is TimescaleDB's hypertable. */
async function isPartitioned(db: Queries): Promise<boolean> {
  const [table] = await statement<{ partitioned: boolean }>(
    db,
    sql`select relkind = 'p' as partitioned from pg_class where oid = 'measurements'::regclass`,
  );
  return table?.partitioned === true;
}

function nameOf(hour: bigint): string {
  return `measurements_${hour}`;
}

function hourFromName(name: string): bigint {
  return BigInt(/^measurements_(-?\d+)$/.exec(name)?.[1] ?? Number.MAX_SAFE_INTEGER);
}
