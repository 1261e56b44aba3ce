// The Drizzle tables, the migrations and a real database say the same.

import { expect, test } from "bun:test";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import postgres from "postgres";
import config from "../../drizzle.config.ts";
import { withPostgres } from "../../test/support/postgres.ts";
import { connect } from "./connect.ts";
import { migrate } from "./migrate.ts";

const root = new URL("../../", import.meta.url).pathname;

test("the tables are those of the newest migration; run `drizzle-kit generate` when not", async () => {
  await withCopy(async (run) => {
    expect(await run("generate")).toContain("No schema changes");
  });
}, 30_000);

test("the tables are what the migrations create, to the last column, key and index", async () => {
  await withCopy(async (run) => {
    const statements = await run("export");
    const declared = await withPostgres(async (url) => {
      const sql = connect({ url }, { max: 1, session: { application_name: "test" } });
      await sql`create schema sluice`;
      await sql.unsafe(statements.replaceAll('"public".', ""));
      await sql.end();
      return await shapesOf(url);
    });
    const created = await withPostgres(async (url) => {
      await migrate({ url });
      return await shapesOf(url);
    });
    expect(Object.keys(created)).toContain("measurements");
    expect(declared).toEqual(created);
  });
}, 30_000);

/** Gives a command of drizzle-kit a copy of the migrations, so that it changes nothing. */
async function withCopy(use: (run: (command: string) => Promise<string>) => Promise<void>) {
  const copy = await mkdtemp(join(tmpdir(), "sluice-migrations-"));
  try {
    await cp(join(root, "migrations"), copy, { recursive: true });
    const file = join(copy, "drizzle.config.json");
    // It takes no absolute path for `out`.
    await Bun.write(file, JSON.stringify({ ...config, out: relative(root, copy) }));
    await use(async (command) => {
      const kit = join(root, "node_modules/.bin/drizzle-kit");
      const ran = Bun.spawn([kit, command, `--config=${file}`], {
        cwd: root,
        stdout: "pipe",
        stderr: "pipe",
      });
      const [out, error] = await Promise.all([
        new Response(ran.stdout).text(),
        new Response(ran.stderr).text(),
      ]);
      expect({ exit: await ran.exited, error }).toEqual({ exit: 0, error: "" });
      return out;
    });
  } finally {
    await rm(copy, { recursive: true });
  }
}

/** Columns, constraints and indexes of the store's tables, by table. */
async function shapesOf(url: string): Promise<Readonly<Record<string, unknown>>> {
  const sql = postgres(url, { max: 1 });
  const rows = await sql<{ name: string; shape: unknown }[]>`
    select c.relname as name, json_build_object(
      'columns', (
        select json_agg(json_build_array(
          a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
          pg_get_expr(d.adbin, d.adrelid), l.collname
        ) order by a.attnum)
        from pg_attribute a
        left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        left join pg_collation l on l.oid = a.attcollation
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      ),
      'constraints', (
        select json_agg(json_build_array(k.conname, pg_get_constraintdef(k.oid)) order by k.conname)
        -- Those of "not null" are compared as columns.
        from pg_constraint k where k.conrelid = c.oid and k.contype <> 'n'
      ),
      'indexes', (
        select json_agg(replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON ')
          order by i.indexrelid::regclass::text)
        from pg_index i where i.indrelid = c.oid
      )
    ) as shape
    from pg_class c
    where c.relkind in ('r', 'p') and not c.relispartition and c.relname <> 'sluice_migrations'
      and c.relname not like 'log\\_%'
      and c.relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema')
    order by c.relname`;
  await sql.end();
  return Object.fromEntries(rows.map(({ name, shape }) => [name, shape]));
}
