/** Brings the database to this release's tables; several nodes may start at once. */

import { fileURLToPath } from "node:url";
import { type MigrationMeta, readMigrationFiles } from "drizzle-orm/migrator";
import type { Sql } from "postgres";
import { shippedFile } from "../core/build.ts";
import { Failure, quoted } from "../core/failure.ts";
import { connect, type DatabaseAddress, defaultSchema } from "./connect.ts";
import { errorCode } from "./error-code.ts";
import { storeFailure } from "./error.ts";
import { hasMigrations, migrationsTable, moveFromPublic } from "./public-tables.ts";

const migrationsFolder = fileURLToPath(shippedFile("migrations"));
/**
 * The same in every release, and the same for all schemas of a database: migrations create what the
 * whole database shares, such as the schema of landing tables and the jobs of TimescaleDB.
 */
const migrationLock = 7_589_462;
const insufficientPrivilege = "42501";

export interface Migrated {
  /** Number of tables that were moved out of `public`, where older releases had them. */
  readonly movedTables: number;
}

/**
 * Creates the schema and applies the migrations that are missing, each node in its turn. Throws
 * `conflict` when a newer release has used the tables already.
 */
export async function migrate({
  url,
  schema = defaultSchema,
  tls,
}: DatabaseAddress): Promise<Migrated> {
  // A migration may rewrite a large table: only connecting has a deadline here.
  const session = { application_name: "sluice migrations" };
  const sql = connect({ url, schema, tls }, { max: 1, session });
  try {
    const migrations = readMigrationFiles({ migrationsFolder });
    // A node that has nothing to migrate need not wait while another schema's table is rewritten.
    if (await isUpToDate(sql, schema, migrations)) return { movedTables: 0 };
    await sql`select pg_advisory_lock(${migrationLock})`;
    await createSchema(sql, schema);
    await checkSession(sql, schema);
    const movedTables = await moveFromPublic(sql, schema, migrations);
    await findExtension(sql, schema);
    await applyMissing(sql, migrations);
    return { movedTables };
  } catch (error) {
    throw storeFailure(error);
  } finally {
    // The lock goes with the session.
    await sql.end({ timeout: 1 });
  }
}

/** False as well where it is not certain: `public` may contain the marker of tables that were moved away. */
async function isUpToDate(
  sql: Sql,
  schema: string,
  migrations: readonly MigrationMeta[],
): Promise<boolean> {
  if (schema === "public" || !(await hasMigrations(sql, schema))) return false;
  await checkSession(sql, schema);
  return (await appliedUntilMs(sql)) === newestMs(migrations);
}

async function createSchema(sql: Sql, schema: string): Promise<void> {
  // "if not exists" would need the privilege to create one even where there is nothing to create.
  const [row] = await sql<{ found: boolean }[]>`
    select to_regnamespace(${`"${schema}"`}) is not null as found`;
  if (row?.found === true) return;
  await sql`create schema ${sql(schema)}`.catch((error: unknown) => {
    if (errorCode(error) !== insufficientPrivilege) throw error;
    throw new Failure(
      "forbidden",
      `Cannot create schema "${schema}": this database user may not, expected the privilege CREATE on the database`,
      { cause: error },
    );
  });
}

/** A pooler that drops `search_path` would have every statement work in another schema. */
async function checkSession(sql: Sql, schema: string): Promise<void> {
  const [row] = await sql<{ current: string | null }[]>`select current_schema() as current`;
  if (row?.current === schema) return;
  throw new Failure(
    "conflict",
    `Cannot use schema "${schema}": sessions begin in ${quoted(String(row?.current))}, expected connections that pass on the parameter search_path`,
  );
}

/** Migrations call functions of TimescaleDB, which may be in any schema. */
async function findExtension(sql: Sql, schema: string): Promise<void> {
  await sql`
    select set_config('search_path', ${`"${schema}", `} || extnamespace::regnamespace::text, false)
    from pg_extension where extname = 'timescaledb'`;
}

/** All or nothing, as Drizzle's migrator works, which would apply the statements unchanged. */
async function applyMissing(sql: Sql, migrations: readonly MigrationMeta[]): Promise<void> {
  await sql`create table if not exists ${sql(migrationsTable)} (
    id serial primary key, hash text not null, created_at bigint)`;
  const appliedMs = await appliedUntilMs(sql);
  refuseNewer(appliedMs, migrations);
  const missing = migrations.filter(({ folderMillis }) => folderMillis > appliedMs);
  if (missing.length === 0) return;
  await sql.begin(async (tx) => {
    for (const { sql: statements, hash, folderMillis } of missing) {
      for (const statement of statements) await tx.unsafe(unqualified(statement));
      await tx`insert into ${tx(migrationsTable)} (hash, created_at) values (${hash}, ${folderMillis})`;
    }
  });
}

async function appliedUntilMs(sql: Sql): Promise<number> {
  const [newest] = await sql<{ at: string | null }[]>`
    select max(created_at) as at from ${sql(migrationsTable)}`;
  return Number(newest?.at ?? 0);
}

function newestMs(migrations: readonly MigrationMeta[]): number {
  return Math.max(...migrations.map(({ folderMillis }) => folderMillis));
}

/** An older release on newer tables could write what the newer one does not expect. */
function refuseNewer(appliedMs: number, migrations: readonly MigrationMeta[]): void {
  if (appliedMs <= newestMs(migrations)) return;
  throw new Failure(
    "conflict",
    `Cannot use this database: a newer release of Sluice has changed its tables (migration of ${new Date(appliedMs).toISOString()}), expected that release or a later one`,
  );
}

/** drizzle-kit writes `"public".` before a table that a foreign key refers to, and before no other. */
function unqualified(statement: string): string {
  return statement.replaceAll('"public".', "");
}
