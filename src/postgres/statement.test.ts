import { afterAll, beforeAll, expect, test } from "bun:test";
import { eq, getTableColumns, inArray, sql } from "drizzle-orm";
import { pgTable, text } from "drizzle-orm/pg-core";
import { type TestDatabase, testPostgres } from "../../test/support/postgres.ts";
import { bigints, bytea, orderedText, orderedTexts, sparseBigints } from "./columns.ts";
import { type Database, openDatabase } from "./database.ts";
import { migrate } from "./migrate.ts";
import { decoderOf, fixedLimit, isAnyOf, statement } from "./statement.ts";
import { projections } from "./tables.ts";

const values = pgTable("values", {
  id: text().primaryKey(),
  name: orderedText().notNull(),
  names: orderedTexts().notNull(),
  times: bigints().notNull(),
  seen: sparseBigints().notNull(),
  data: bytea(),
});

const row = {
  id: "a",
  name: "é 😀 \\ \" '",
  names: ["", "a,b", '"', "\\", "NULL", "{}", "é\n\t"],
  times: [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n)],
  seen: [undefined, 2n ** 53n + 1n, undefined],
  data: new Uint8Array([0, 255, 92]),
};

let server: TestDatabase;
let database: Database;

beforeAll(async () => {
  server = await (await testPostgres()).createDatabase();
  await migrate({ url: server.url });
  // One connection, because each knows the statements that it has prepared.
  database = openDatabase({ url: server.url, connectionsMax: 1 });
  await database.db.execute(sql`
    create table "values" (id text primary key, name text collate "C" not null,
      names text[] not null, times bigint[] not null, seen bigint[] not null, data bytea)`);
}, 60_000);

afterAll(async () => {
  await database.close();
  await server.drop();
});

test("values come back exactly, through the builder and from a statement by hand", async () => {
  const { db } = database;
  await db.insert(values).values(row);
  await db.insert(values).values({ ...row, id: "b", names: [], times: [], seen: [], data: null });
  const built = await db.select().from(values).orderBy(values.id);
  const rows = await statement<Record<string, unknown>>(
    db,
    sql`select * from "values" order by id`,
  );
  const decoded = rows.map(decoderOf(getTableColumns(values)));
  const empty = { names: [], times: [], seen: [], data: null };
  for (const found of [built, decoded]) {
    expect(
      found.map((each) => ({ ...each, data: each.data && new Uint8Array(each.data) })),
    ).toEqual([row, { ...row, id: "b", ...empty }]);
  }
});

test("statements are prepared once, and planned without their values from the sixth time on", async () => {
  const { db } = database;
  for (let i = 0; i < 8; i++) {
    await db
      .select()
      .from(values)
      .where(eq(values.id, `${i}`))
      .limit(fixedLimit(1));
    await db
      .select()
      .from(values)
      .where(isAnyOf(values.name, Array.from({ length: i }, String)));
    await statement(db, sql`select id from "values" where name = ${`${i}`}`);
    await db.transaction((tx) =>
      tx
        .select()
        .from(values)
        .where(eq(values.name, `${i}`)),
    );
  }
  const plans = await plansOf('%"values"%where%');
  expect(plans).toHaveLength(4);
  for (const { times, generic } of plans) {
    expect({ times, generic }).toEqual({ times: 8, generic: 3 });
  }
});

test("a statement that lists very many values is not prepared", async () => {
  const ids = Array.from({ length: 201 }, String);
  const { db } = database;
  await db.select({ id: values.id }).from(values).where(inArray(values.id, ids));
  expect((await plansOf("%$201%")).length).toBe(0);
});

test("a snapshot sees one state, and writes nothing", async () => {
  await using other = openDatabaseOnce();
  await database.snapshots.transaction(async (tx) => {
    const count = () => tx.$count(values);
    const before = await count();
    await other.db.insert(values).values({ ...row, id: `c${before}` });
    expect(await count()).toBe(before);
  });
  const written = database.snapshots.transaction((tx) => tx.delete(projections));
  await expect(written).rejects.toMatchObject({ cause: { code: "25006" } });
});

async function plansOf(pattern: string) {
  return await statement<{ times: number; generic: number }>(
    database.db,
    sql`
      select (generic_plans + custom_plans)::int as times, generic_plans::int as generic
      from pg_prepared_statements
      where statement like ${pattern} and statement not like '%pg_prepared_statements%'`,
  );
}

function openDatabaseOnce() {
  const opened = openDatabase({ url: server.url, connectionsMax: 1 });
  return { ...opened, [Symbol.asyncDispose]: () => opened.close() };
}
