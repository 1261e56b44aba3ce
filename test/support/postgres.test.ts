import { expect, test } from "bun:test";
import postgres from "postgres";
import { testPostgres, withPostgres } from "./postgres.ts";

test("each call has its own database, which is dropped afterwards", async () => {
  const names = await Promise.all(
    [1, 2].map(() =>
      withPostgres(async (url) => {
        const sql = postgres(url);
        await sql`create table only_here (id int)`;
        const rows = await sql<{ name: string }[]>`select current_database() as name`;
        await sql.end();
        return rows[0]?.name;
      }),
    ),
  );
  expect(new Set(names).size).toBe(2);
  const sql = postgres((await testPostgres()).url);
  const left = await sql`select from pg_database where datname = any(${names.map(String)})`;
  await sql.end();
  expect(left).toHaveLength(0);
});

test("an outage keeps the port and what was committed", async () => {
  await withPostgres(async (url, server) => {
    const sql = postgres(url, { max: 1 });
    await sql`create table kept as select 7 as value`;
    await server.kill9();
    // The connection that was open fails first.
    await expect(sql`select 1`.then(() => "answered")).rejects.toThrow();
    await server.start();
    const rows = await sql<{ value: number }[]>`select value from kept`;
    expect(rows[0]?.value).toBe(7);
    await sql.end();
  });
});
