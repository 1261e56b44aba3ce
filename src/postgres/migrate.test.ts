import { expect, test } from "bun:test";
import postgres from "postgres";
import { withPostgres } from "../../test/support/postgres.ts";
import { migrate } from "./migrate.ts";

test("several nodes may migrate one fresh database at once, and again", async () => {
  await withPostgres(async (url) => {
    await Promise.all([migrate(url), migrate(url), migrate(url)]);
    await migrate(url);
    const sql = postgres(url, { max: 1 });
    const tables = await sql<{ name: string }[]>`
      select table_name as name from information_schema.tables where table_schema = 'public'`;
    await sql.end();
    const names = tables.map((table) => table.name);
    expect(names).toEqual(
      expect.arrayContaining(["emitters", "emitter_events", "nodes", "projections", "log_topics"]),
    );
  });
});

test("a database that a newer release has used is refused, and says so", async () => {
  await withPostgres(async (url) => {
    await migrate(url);
    const sql = postgres(url, { max: 1 });
    await sql`insert into sluice_migrations (hash, created_at) values ('x', 99999999999999)`;
    await sql.end();
    const failed = migrate(url);
    await expect(failed).rejects.toMatchObject({ code: "conflict" });
    await expect(failed).rejects.toThrow("newer release");
  });
});

test("a database that is away is unavailable", async () => {
  const failed = migrate("postgres://postgres@127.0.0.1:1/none");
  await expect(failed).rejects.toMatchObject({ code: "unavailable" });
});
