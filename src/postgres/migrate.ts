/** Brings the database to this release's tables; several nodes may start at once. */
import { fileURLToPath } from "node:url";
import { readMigrationFiles } from "drizzle-orm/migrator";
import { drizzle } from "drizzle-orm/postgres-js";
import { migrate as applyMigrations } from "drizzle-orm/postgres-js/migrator";
import type { Sql } from "postgres";
import { Failure } from "../core/failure.ts";
import { connect } from "./connect.ts";
import { storeFailure } from "./error.ts";

const folder = fileURLToPath(new URL("../../migrations", import.meta.url));
const table = "sluice_migrations";
/** Any number, the same in every release: the session that holds it migrates. */
const lock = 7_589_462;

/**
 * Runs the migrations that are missing, each node in its turn. Throws `conflict` when the database
 * was already used by a newer release.
 */
export async function migrate(url: string): Promise<void> {
  // A migration may rewrite a large table: only connecting has a deadline here.
  const sql = connect(url, { max: 1, session: { application_name: "sluice migrations" } });
  const db = drizzle(sql);
  try {
    await sql`select pg_advisory_lock(${lock})`;
    await refuseNewer(sql);
    await applyMigrations(db, {
      migrationsFolder: folder,
      migrationsSchema: "public",
      migrationsTable: table,
    });
  } catch (error) {
    throw storeFailure(error);
  } finally {
    // The lock goes with the session.
    await sql.end({ timeout: 1 });
  }
}

/** An older release on newer tables could write what the newer one does not expect. */
async function refuseNewer(sql: Sql): Promise<void> {
  const known = readMigrationFiles({ migrationsFolder: folder }).map((file) => file.folderMillis);
  const [there] = await sql`select to_regclass(${`public.${table}`}) is not null as yes`;
  if (there?.["yes"] !== true) return;
  const rows = await sql<{ created_at: string }[]>`
    select created_at from ${sql(table)} order by created_at desc limit 1`;
  const newest = Number(rows[0]?.created_at ?? 0);
  if (newest <= Math.max(...known)) return;
  throw new Failure(
    "conflict",
    `Cannot use this database: a newer release of Sluice has changed its tables (migration of ${new Date(newest).toISOString()}), expected that release or a later one`,
  );
}
