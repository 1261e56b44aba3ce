import { afterAll, beforeAll, expect, test } from "bun:test";
import { count, eq, gt, sql } from "drizzle-orm";
import { bigint, integer, jsonb, pgTable, text, timestamp } from "drizzle-orm/pg-core";
import { type TestDatabase, testPostgres } from "../../test/support/postgres.ts";
import { arrayOfTexts } from "./arrays.ts";
import { bigints, bytea, orderedTexts } from "./columns.ts";
import { type Database, openDatabase } from "./database.ts";
import { preparedRead, preparedStatement } from "./read.ts";

const things = pgTable("things", {
  name: text().primaryKey(),
  bytes: bytea().notNull(),
  exact: bigint({ mode: "bigint" }).notNull(),
  names: orderedTexts().notNull(),
  numbers: bigints(),
  tags: jsonb().$type<Readonly<Record<string, number>>>(),
  changedAt: timestamp("changed_at", { withTimezone: true }).notNull(),
});
const parts = pgTable("parts", { thing: text().notNull(), size: integer().notNull() });

let held: TestDatabase;
let database: Database;
beforeAll(async () => {
  held = await (await testPostgres()).createDatabase();
  database = openDatabase({ url: held.url, schema: "public" });
  await database.sql`create table things (name text primary key, bytes bytea not null,
    exact bigint not null, names text[] not null, numbers bigint[], tags jsonb,
    changed_at timestamptz not null)`;
  await database.sql`create table parts (thing text not null, size integer not null)`;
  await database.db.insert(things).values([
    {
      name: "full",
      bytes: Uint8Array.of(0, 255),
      exact: 2n ** 63n - 1n,
      names: ['a"{},\\', "NULL", ""],
      numbers: [-(2n ** 63n), 0n],
      tags: { a: 1 },
      changedAt: new Date("2026-11-21T10:02:11.420Z"),
    },
    {
      name: "sparse",
      bytes: new Uint8Array(),
      exact: -1n,
      names: [],
      changedAt: new Date(0),
    },
  ]);
  await database.db.insert(parts).values([
    { thing: "full", size: 1 },
    { thing: "full", size: 2 },
  ]);
}, 60_000);
afterAll(async () => {
  await database.close();
  await held.drop();
});

test("rows are as Drizzle returns them, with any values of the placeholders", async () => {
  const { db, sql: driver } = database;
  const read = preparedRead(
    driver,
    db
      .select()
      .from(things)
      .where(eq(things.name, sql.placeholder("name"))),
  );
  for (const name of ["full", "sparse", "absent", "full"]) {
    const rows = await db.select().from(things).where(eq(things.name, name));
    expect(await read({ name })).toEqual(rows);
  }
  await expect(read()).rejects.toThrow("name");
});

test("a join's columns are null where nothing is joined; expressions have decoders as well", async () => {
  const { db, sql: driver } = database;
  const counted = db
    .select({ thing: parts.thing, parts: count().as("parts") })
    .from(parts)
    .groupBy(parts.thing)
    .as("counted");
  const read = preparedRead(
    driver,
    db
      .select({ name: things.name, exact: things.exact, parts: counted.parts })
      .from(things)
      .leftJoin(counted, eq(counted.thing, things.name))
      .where(gt(things.exact, sql.placeholder("above")))
      .orderBy(things.name)
      .limit(sql.placeholder("limit")),
  );
  const rows: unknown[] = await read({ above: "-9", limit: 9 });
  expect(rows).toEqual([
    { name: "full", exact: 2n ** 63n - 1n, parts: 2 },
    { name: "sparse", exact: -1n, parts: null },
  ]);
  expect(await read({ above: -1n, limit: 9 })).toHaveLength(1);
  expect(await read({ above: "-9", limit: 1 })).toHaveLength(1);
});

test("a selection that is not flat is refused", () => {
  const { db, sql: driver } = database;
  expect(() => preparedRead(driver, db.select({ things }).from(things))).toThrow('"things"');
});

test("a list of values is one placeholder", async () => {
  const { db, sql: driver } = database;
  const isAny = sql`${things.name} = any(${sql.placeholder("names")}::text[])`;
  const read = preparedRead(driver, db.select({ name: things.name }).from(things).where(isAny));
  expect(await read({ names: arrayOfTexts(["sparse", "absent"]) })).toEqual([{ name: "sparse" }]);
  expect(await read({ names: arrayOfTexts([]) })).toEqual([]);
});

test("a statement's rows are the driver's", async () => {
  const read = preparedStatement<{ exact: string; name: string }>(
    database.sql,
    sql`select exact, name from things where exact > ${sql.placeholder("above")}::bigint
      and name <> ${"absent"} order by name`,
  );
  const rows = async (above: string) => Array.from(await read({ above }), (row) => ({ ...row }));
  expect(await rows("0")).toEqual([{ exact: (2n ** 63n - 1n).toString(), name: "full" }]);
  expect(await rows("-2")).toHaveLength(2);
});
