/**
 * The hours that measurements lie in: a partition each, made ahead and dropped whole. A partition is
 * made by itself and then attached, which locks out nobody who reads or writes the others. Where
 * `measurements` is TimescaleDB's hypertable it makes its own chunks, and only dropping is left.
 */
import type { Sql, TransactionSql } from "postgres";
import type { Clock } from "../../../core/clock.ts";
import type { Logger } from "../../../core/logger.ts";
import { OwnedTask } from "../../../core/owned-task.ts";
import { nsPerMs } from "../measurement.ts";
import type { Ownership } from "../../../core/projection.ts";
import type { Database } from "../../../postgres/database.ts";
import { arrayOfTexts } from "../../../postgres/arrays.ts";

export const hourNs = 3_600_000_000_000n;
const hoursAhead = 3n;
const everyMsDefault = 30_000;
/** Dropping locks the whole table: it tries again later rather than have everybody queue behind it. */
const dropLockMs = 200;

export interface PartitionOptions {
  readonly database: Database;
  readonly ownership: Ownership;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Measurements that are older are dropped, an hour of them at once. */
  readonly retentionMs: number;
  readonly everyMs?: number;
}

/** Creates those of the next hours and drops the old, on one node; resolves once the signal ends it. */
export function runMeasurementPartitions(options: PartitionOptions): Promise<void> {
  const { database, retentionMs, clock, logger, everyMs = everyMsDefault } = options;
  const task = { name: "measurement-partitions", task: "measurement partitions" };
  return new OwnedTask({ ...options, ...task, everyMs }, async () => {
    await keepPartitions(database, clock.nowNs(), retentionMs, logger);
  }).done;
}

/** One round: the hours from now on, and those that are over. */
export async function keepPartitions(
  database: Database,
  nowNs: bigint,
  retentionMs: number,
  logger: Logger,
): Promise<void> {
  const hour = hourOf(nowNs);
  await makePartitions(
    database,
    Array.from({ length: Number(hoursAhead) + 1 }, (_, ahead) => hour + BigInt(ahead)),
  );
  const dropped = await dropPartitions(database, nowNs - BigInt(retentionMs) * nsPerMs);
  if (dropped.length > 0) {
    logger("info", "old measurements dropped", { partitions: dropped.length, to: dropped.at(-1) });
  }
}

/** Hours since 1970. */
export function hourOf(timeNs: bigint): bigint {
  return timeNs < 0n ? (timeNs + 1n) / hourNs - 1n : timeNs / hourNs;
}

/** Makes those of these hours that are not there yet; several may try at once. */
export async function makePartitions(
  { sql, run }: Database,
  hours: readonly bigint[],
): Promise<void> {
  await run(() =>
    sql.begin(async (tx) => {
      if (!(await isPartitioned(tx))) return;
      // Another name than the ownership's, which is held by a session of this node's own.
      await tx`select pg_advisory_xact_lock(hashtextextended('sluice-make-partitions', 0))`;
      const there = new Set(await partitionsThere());
      for (const hour of hours) {
        const name = nameOf(hour);
        if (there.has(name)) continue;
        // Rows are only ever added, and the table is dropped as a whole: to read it through after each
        // fifth that is new, as PostgreSQL would, is work for nothing.
        await tx`create table ${tx(name)} (like measurements including defaults including indexes)
          with (autovacuum_vacuum_insert_threshold = -1)`;
        // A bound is no place for a parameter. Both are numbers, and so is what is in the name.
        await tx.unsafe(`alter table measurements attach partition ${name}
          for values from (${hour * hourNs}) to (${(hour + 1n) * hourNs})`);
      }

      async function partitionsThere() {
        const rows = await tx<{ name: string }[]>`
          select relname as name from pg_class
          where relname = any(${arrayOfTexts(hours.map(nameOf))}::text[]) and relnamespace = 'public'::regnamespace`;
        return rows.map(({ name }) => name);
      }
    }),
  );
}

/** Drops those that end at `beforeNs` or earlier; tells which, oldest first. */
export async function dropPartitions(
  { sql, run }: Database,
  beforeNs: bigint,
): Promise<readonly string[]> {
  if (!(await run(() => isPartitioned(sql)))) {
    const chunks = await run(
      () => sql<{ name: string }[]>`
        select drop_chunks('measurements', older_than => ${String(beforeNs)}::bigint) as name`,
    );
    return chunks.map(({ name }) => name);
  }
  const names = await run(
    () => sql<{ name: string }[]>`
      select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = 'measurements'::regclass order by c.relname`,
  );
  const old = names
    .map(({ name }) => name)
    .filter((name) => (hourFromName(name) + 1n) * hourNs <= beforeNs);
  for (const name of old) {
    await run(() =>
      sql.begin(async (tx) => {
        await tx`select set_config('lock_timeout', ${String(dropLockMs)}, true)`;
        await tx`drop table if exists ${tx(name)}`;
      }),
    );
  }
  return old;
}

/** False where it is TimescaleDB's hypertable. */
async function isPartitioned(sql: Sql | TransactionSql): Promise<boolean> {
  const [table] = await sql<{ partitioned: boolean }[]>`
    select relkind = 'p' as partitioned from pg_class where oid = 'measurements'::regclass`;
  return table?.partitioned === true;
}

function nameOf(hour: bigint): string {
  return `measurements_${hour}`;
}

function hourFromName(name: string): bigint {
  return BigInt(/^measurements_(-?\d+)$/.exec(name)?.[1] ?? Number.MAX_SAFE_INTEGER);
}
