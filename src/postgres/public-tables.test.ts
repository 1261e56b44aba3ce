// A database of an older release, whose tables are in `public`, beside tables that are not Sluice's.

import { expect, test } from "bun:test";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { drizzle } from "drizzle-orm/postgres-js";
import { migrate as applyMigrations } from "drizzle-orm/postgres-js/migrator";
import postgres, { type Sql } from "postgres";
import { withPostgres } from "../../test/support/postgres.ts";
import { systemClock as clock } from "../core/clock.ts";
import { silent as logger } from "../core/logger.ts";
import { defaultTopicSettings } from "../core/topic.ts";
import { PostgresLog } from "../log/postgres/postgres-log.ts";
import { connect } from "./connect.ts";
import { migrate } from "./migrate.ts";

const topic = "orders";
const migrationsOfOldReleases = 10;

test("its tables, partitions and sequences are moved once, with their data; others stay", async () => {
  await withPostgres(async (url) => {
    await withOldRelease(url, migrationsOfOldReleases, async (sql) => {
      await sql`create table public.invoices (id serial primary key, total int)`;
      await sql`insert into public.invoices (total) values (7)`;
      await sql`create table relations.orders (id text primary key)`;
      await sql`insert into relations.orders values ('landed')`;
      await sql`insert into schemas (content, guid, hash, file, descriptor_set, messages)
        values ('c', gen_random_uuid(), 'h', 'f', '', '{}')`;
      await sql`create table measurements_1 partition of measurements for values from (0) to (9)`;
      await sql`insert into measurements values (5, 1, 'v')`;
    });
    await append(url, "public", ["a", "b", "c"]);

    const moved = await Promise.all([migrate({ url }), migrate({ url })]);
    expect(new Set(moved.map(({ movedTables }) => movedTables))).toEqual(new Set([0, 31]));
    expect(await tablesOf(url, "public")).toEqual(["invoices", "sluice_migrations"]);
    expect(await tablesOf(url, "relations")).toEqual(["orders"]);

    // Positions, sequences and constraints continue.
    expect(await append(url, "sluice", ["d"])).toEqual(["a", "b", "c", "d"]);
    const sql = connect({ url }, { max: 1, session: { application_name: "test" } });
    const [schema] = await sql`
      insert into schemas (content, guid, hash, file, descriptor_set, messages)
      values ('d', gen_random_uuid(), 'h', 'f', '', '{}') returning id`;
    expect(schema).toEqual({ id: 2 });
    expect(await sql`select tag from measurements`).toMatchObject([{ tag: 1 }]);
    expect(await sql`select total from public.invoices`).toMatchObject([{ total: 7 }]);
    const orphan = sql`insert into schema_messages (name, schema) values ('m', 99)`;
    await expect(orphan).rejects.toMatchObject({ code: "23503" });
    await sql.end();

    expect(await migrate({ url })).toEqual({ movedTables: 0 });
    expect(await append(url, "sluice", [])).toEqual(["a", "b", "c", "d"]);
  });
}, 30_000);

test("while a node of an older release runs, nothing is moved; once it has stopped, all is", async () => {
  await withPostgres(async (url) => {
    await withOldRelease(url, migrationsOfOldReleases);
    const node = postgres(url, { max: 1 });
    await node`select pg_advisory_lock(hashtextextended('sluice:measurements', 0))`;
    await expect(migrate({ url })).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringContaining("a node of an older release still uses them"),
    });
    expect(await tablesOf(url, "sluice")).toEqual([]);

    const moved = migrate({ url });
    await node.end();
    expect(await moved).toEqual({ movedTables: 30 });
  });
}, 60_000);

test("after the move an older release refuses the database, and this one refuses `public`", async () => {
  await withPostgres(async (url) => {
    await withOldRelease(url, migrationsOfOldReleases);
    await migrate({ url, schema: "mine" });
    const failed = migrate({ url, schema: "public" });
    await expect(failed).rejects.toMatchObject({ code: "conflict" });
    await expect(failed).rejects.toThrow("SLUICE_DATABASE_SCHEMA=mine");
    // An older release compares this with its own newest migration.
    const sql = postgres(url, { max: 1 });
    const [newest] = await sql`
      select created_at from sluice_migrations order by created_at desc limit 1`;
    expect(Number(newest?.["created_at"])).toBeGreaterThan(1_795_273_716_937);
    await sql.end();
    // A second gateway of the database begins with empty tables.
    expect(await migrate({ url })).toEqual({ movedTables: 0 });
    expect(await tablesOf(url, "mine")).toEqual(await tablesOf(url, "sluice"));
  });
}, 30_000);

test("a table is not taken for one that a later migration would have created", async () => {
  await withPostgres(async (url) => {
    await withOldRelease(url, 5, async (sql) => {
      await sql`create table public.lifecycles (mine int)`;
      await sql`create table public.measurements (mine int)`;
    });
    await append(url, "public", ["a"]);
    await migrate({ url });
    expect(await tablesOf(url, "public")).toEqual([
      "lifecycles",
      "measurements",
      "sluice_migrations",
    ]);
    expect(await append(url, "sluice", ["b"])).toEqual(["a", "b"]);
  });
}, 30_000);

test("`public` may be the schema: then nothing is moved, also not by a gateway of another schema", async () => {
  await withPostgres(async (url) => {
    await withOldRelease(url, migrationsOfOldReleases);
    await append(url, "public", ["a"]);
    expect(await migrate({ url, schema: "public" })).toEqual({ movedTables: 0 });
    expect(await append(url, "public", ["b"])).toEqual(["a", "b"]);
    expect(await migrate({ url })).toEqual({ movedTables: 0 });
    expect(await append(url, "public", ["c"])).toEqual(["a", "b", "c"]);
    expect(await append(url, "sluice", ["x"])).toEqual(["x"]);
  });
}, 30_000);

/** Creates the tables as older releases did: with Drizzle's migrator, in `public`. */
async function withOldRelease(
  url: string,
  migrations: number,
  use: (sql: Sql) => Promise<void> = async () => {},
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-migrations-"));
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    await cp(new URL("../../migrations", import.meta.url).pathname, folder, { recursive: true });
    const journal = Bun.file(join(folder, "meta/_journal.json"));
    const { entries, ...rest } = await journal.json();
    await journal.write(JSON.stringify({ ...rest, entries: entries.slice(0, migrations) }));
    await applyMigrations(drizzle(sql), {
      migrationsFolder: folder,
      migrationsSchema: "public",
      migrationsTable: "sluice_migrations",
    });
    await use(sql);
  } finally {
    await sql.end();
    await rm(folder, { recursive: true });
  }
}

/** Appends to the topic of a schema's log; returns all that it has then. */
async function append(url: string, schema: string, texts: readonly string[]): Promise<string[]> {
  const log = new PostgresLog({ url, schema, clock, logger });
  try {
    await log.create(topic, defaultTopicSettings);
    const records = texts.map((text) => ({
      value: new TextEncoder().encode(text),
      key: "",
      contentType: "text/plain",
      schemaId: 0,
      timeNs: 1n,
    }));
    if (records.length > 0) await log.append(topic, records);
    const { end } = await log.bounds(topic);
    const found: string[] = [];
    for await (const batch of log.read(topic, { after: "earliest", until: end })) {
      found.push(...batch.records.map(({ record }) => new TextDecoder().decode(record.value)));
    }
    return found;
  } finally {
    await log.close();
  }
}

async function tablesOf(url: string, schema: string): Promise<string[]> {
  const sql = postgres(url, { max: 1 });
  const rows = await sql<{ name: string }[]>`
    select table_name as name from information_schema.tables
    where table_schema = ${schema} order by table_name`;
  await sql.end();
  return rows.map(({ name }) => name);
}
