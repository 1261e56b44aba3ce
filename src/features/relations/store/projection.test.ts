// Relations on a real PostgreSQL: tables, rows exactly once, refusals beside them.

import { describe, expect, test } from "bun:test";
import { seededRandom } from "../../../../test/support/random.ts";
import { withStore } from "../../../../test/support/store-rig.ts";
import { systemClock as clock } from "../../../core/clock.ts";
import { Failure } from "../../../core/failure.ts";
import { silent as logger } from "../../../core/logger.ts";
import type { Ownership } from "../../../core/projection.ts";
import { jsonType, type LogRecord, type StoredRecord } from "../../../core/record.ts";
import { defaultTopicSettings } from "../../../core/topic.ts";
import { createMemoryLog } from "../../../log/memory/memory-log.ts";
import { openDatabase } from "../../../postgres/database.ts";
import { runProjection } from "../../../projection/projection.ts";
import type { Relation } from "../relation.ts";
import { prepareRelations } from "./landing-tables.ts";
import { createRelationProjection } from "./projection.ts";
import { createRelations } from "./refusals.ts";

const orders: Relation = {
  topic: "topic1",
  name: "orders",
  key: ["id"],
  columns: [
    { name: "id", type: "text", path: ["message_id"] },
    { name: "n", type: "bigint", path: ["n"] },
    { name: "amount", type: "numeric", path: ["amount"] },
    { name: "at", type: "timestamptz", path: ["at"] },
    { name: "extra", type: "jsonb", path: ["extra"] },
  ],
};
const at = { epoch: 1, index: 0 };
const start = { ...at, sequence: 0 };

function record(value: unknown): LogRecord {
  const json = typeof value === "string" ? value : JSON.stringify(value);
  const bytes = new TextEncoder().encode(json);
  return { value: bytes, key: "", contentType: jsonType, schemaId: 0, timeNs: 1n };
}

function stored(values: readonly unknown[], first = 1): StoredRecord[] {
  return values.map((value, index) => ({
    record: record(value),
    position: { ...at, sequence: first + index },
    receivedNs: 1n,
  }));
}

test("a table belongs to the gateway of one schema; another one is refused, and may take it over", async () => {
  await withStore(async ({ url, database }) => {
    await prepareRelations(database, [orders]);
    await prepareRelations(database, [orders]);
    const other = openDatabase({ url, schema: "public" });
    try {
      const refused = prepareRelations(other, [orders]);
      await expect(refused).rejects.toMatchObject({ code: "conflict" });
      await expect(refused).rejects.toThrow('orders is written by the gateway of schema "sluice"');
      await database.sql`comment on table relations.orders is null`;
      await prepareRelations(other, [orders]);
      await expect(prepareRelations(database, [orders])).rejects.toThrow('of schema "public"');
      await database.sql`comment on table relations.orders is 'Our orders'`;
      await prepareRelations(database, [orders]);
    } finally {
      await other.close();
    }
  });
});

test("a table of another role is used as it is", async () => {
  await withStore(async ({ url, database: admin }) => {
    await prepareRelations(admin, [orders]);
    const user = `limited_${process.pid}`;
    await admin.sql`comment on table relations.orders is null`;
    await admin.sql.unsafe(`create role ${user} login password 'secret';
      grant usage on schema relations, sluice to ${user}`);
    const limited = new URL(url);
    limited.username = user;
    limited.password = "secret";
    const database = openDatabase({ url: limited.href });
    try {
      await prepareRelations(database, [orders]);
      const [found] = await admin.sql`
        select obj_description('relations.orders'::regclass, 'pg_class') as comment`;
      expect(found?.["comment"]).toBeNull();
    } finally {
      await database.close();
      await admin.sql.unsafe(`drop owned by ${user}; drop role ${user}`);
    }
  });
});

test("records become typed rows, a later one of the same key replaces the row", async () => {
  await withStore(async ({ database }) => {
    await prepareRelations(database, [orders]);
    const target = createRelationProjection(database, orders);
    await target.skip(undefined, start);
    const values = [
      { message_id: "a", n: 1, amount: "1.50", at: "2026-01-31T12:00:00+02:00", extra: { x: [1] } },
      '{"message_id":"b","n":9223372036854775807,"amount":0.1000000000000000000001}',
      { message_id: "a", n: 2 },
    ];
    await target.commit(stored(values), start, { ...at, sequence: 3 });
    await target.commit(
      stored([{ message_id: "b", n: 5 }], 4),
      { ...at, sequence: 3 },
      { ...at, sequence: 4 },
    );
    const rows = await database.sql`
      select id, n::text, amount::text, at, extra, pg_typeof(at)::text as type
      from relations.orders order by id`;
    expect([...rows]).toEqual([
      { id: "a", n: "2", amount: null, at: null, extra: null, type: "timestamp with time zone" },
      { id: "b", n: "5", amount: null, at: null, extra: null, type: "timestamp with time zone" },
    ]);
    const counts = await createRelations(database, [orders]).counts();
    expect(counts.get("orders")).toEqual({ taken: 4, refused: 0 });
    expect(await target.position()).toEqual({ ...at, sequence: 4 });
  });
});

test("what does not fit is kept as refusals, also what PostgreSQL alone knows to refuse", async () => {
  await withStore(async ({ database }) => {
    await prepareRelations(database, [orders]);
    await database.sql`alter table relations.orders add constraint few check (n < 100)`;
    const target = createRelationProjection(database, orders);
    const relations = createRelations(database, [orders]);
    await target.skip(undefined, start);
    const values: object[] = Array.from({ length: 300 }, (_, i) => ({ message_id: `m${i}`, n: 1 }));
    values[10] = { message_id: "x", n: "many", amount: "abc" };
    values[20] = { message_id: "y", n: 1000 };
    values[30] = { message_id: "z", extra: { text: "a\0b" } };
    values[40] = [];
    values[50] = { message_id: "k".repeat(100_000) + Math.random(), n: 1 };
    values[51] = { message_id: hardText(40_000), n: 1 };
    await target.commit(stored(values), start, { ...at, sequence: 300 });

    const [count] = await database.sql`select count(*)::int as n from relations.orders`;
    const { taken = 0, refused = 0 } = (await relations.counts()).get("orders") ?? {};
    expect(taken).toBe(count?.["n"]);
    expect(taken + refused).toBe(300);
    const kept = await relations.refusals("orders", undefined, 100);
    const byField = kept.toReversed().map(({ number, position, field, given }) => ({
      ...{ number, position, field, given },
    }));
    expect(byField.slice(0, 3)).toEqual([
      { number: 1, position: "11-1b", field: "/n", given: '"many"' },
      { number: 2, position: "11-1b", field: "/amount", given: '"abc"' },
      { number: 3, position: "11-215", field: "", given: "[]" },
    ]);
    const messages = kept.map(({ message }) => message).join("\n");
    expect(messages).toContain('violates check constraint "few"');
    expect(messages).toContain("unsupported Unicode escape sequence");
    expect(messages).toMatch(/index row (size|requires)/);
    expect(await relations.refusals("orders", 3, 1)).toMatchObject([{ number: 2 }]);
  });
});

/** Hardly compressible: an index takes no such key. */
function hardText(length: number): string {
  const random = seededRandom(5);
  return Array.from({ length }, () => String.fromCharCode(33 + random.int(90))).join("");
}

describe("of records with one key the last one is the row, however the keys are spelled", () => {
  const cases: [column: "amount" | "at", spellings: string[]][] = [
    ["amount", ["1.0", "1.00", "1.000"]],
    ["amount", ["7", "7.0", "7"]],
    ["at", ["2026-01-31T12:00:00Z", "2026-01-31T14:00:00+02:00", "2026-01-31T12:00:00Z"]],
  ];
  test.each(cases)("%s %j", async (key, spellings) => {
    const columns = orders.columns.filter(({ name }) => name === key || name === "n");
    const relation: Relation = { ...orders, key: [key], columns };
    await withStore(async ({ database }) => {
      await prepareRelations(database, [relation]);
      const target = createRelationProjection(database, relation);
      await target.skip(undefined, start);
      const values = spellings.map((spelling, n) => ({ n, [key]: spelling }));
      await target.commit(stored(values), start, { ...at, sequence: values.length });
      const rows = await database.sql`select n::int from relations.orders`;
      expect([...rows]).toEqual([{ n: values.length - 1 }]);
      const counts = await createRelations(database, [relation]).counts();
      expect(counts.get("orders")).toEqual({ taken: values.length, refused: 0 });
    });
  });

  test("a record that PostgreSQL refuses does not remove the one before it", async () => {
    await withStore(async ({ database }) => {
      await prepareRelations(database, [orders]);
      await database.sql`alter table relations.orders add constraint few check (n < 100)`;
      const target = createRelationProjection(database, orders);
      await target.skip(undefined, start);
      const values = [1, 2, 1000].map((n) => ({ message_id: "a", n }));
      await target.commit(stored(values), start, { ...at, sequence: 3 });
      const rows = await database.sql`select n::int from relations.orders`;
      expect([...rows]).toEqual([{ n: 2 }]);
    });
  });

  test("equal in a collation of the user's table", async () => {
    await withStore(async ({ database }) => {
      await database.sql.unsafe(`
        create schema if not exists relations;
        create collation relations.any_case
          (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
        create table relations.orders
          (id text collate relations.any_case primary key, n bigint, amount numeric,
           at timestamptz, extra jsonb)`);
      await prepareRelations(database, [orders]);
      const target = createRelationProjection(database, orders);
      await target.skip(undefined, start);
      const values = ["a", "A", "b", "a"].map((id, n) => ({ message_id: id, n }));
      await target.commit(stored(values), start, { ...at, sequence: 4 });
      const rows =
        await database.sql`select lower(id) as id, n::int from relations.orders order by n`;
      expect([...rows]).toEqual([
        { id: "b", n: 2 },
        { id: "a", n: 3 },
      ]);
    });
  });
});

test("a commit from elsewhere writes nothing", async () => {
  await withStore(async ({ database }) => {
    await prepareRelations(database, [orders]);
    const target = createRelationProjection(database, orders);
    await target.skip(undefined, start);
    const wrong = { ...at, sequence: 7 };
    const commit = target.commit(stored([{ message_id: "a" }, []]), wrong, { ...at, sequence: 8 });
    expect(await commit.catch((error: unknown) => error)).toMatchObject({ code: "conflict" });
    const [count] = await database.sql`
      select (select count(*)::int from relations.orders) as rows,
        (select count(*)::int from relation_refusals) as refusals`;
    expect(count).toEqual({ rows: 0, refusals: 0 });
  });
});

/** Every node takes itself for the owner: the position alone keeps them apart. */
const careless: Ownership = {
  acquire: async () => ({ lost: new AbortController().signal, release: async () => {} }),
};

test("rows and counts are exactly once, by rivals that are ended at random", async () => {
  await withStore(async ({ database }) => {
    await prepareRelations(database, [orders]);
    const log = createMemoryLog({ clock });
    await log.create("topic1", defaultTopicSettings);
    const random = seededRandom(11);
    const total = 20_000;
    const target = createRelationProjection(database, orders);
    const relations = createRelations(database, [orders]);
    const appending = (async () => {
      for (let from = 0; from < total; from += 200) {
        const values = Array.from({ length: 200 }, (_, i) =>
          record({ message_id: `m${from + i}`, n: (from + i) % 50 === 7 ? "bad" : from + i }),
        );
        await log.append("topic1", values);
        await Bun.sleep(random.int(6));
      }
    })();
    let done = 0;
    let runs = 0;
    const runner = async () => {
      while (done < total) {
        const stop = new AbortController();
        const { signal } = stop;
        const limits = { records: 1 + random.int(300), ms: random.int(10) };
        const run = runProjection({
          ...{ log, target, clock, logger, signal, limits },
          ownership: careless,
        });
        await Bun.sleep(random.int(60));
        stop.abort();
        await run.done;
        runs++;
        done = (await target.position())?.sequence ?? 0;
      }
    };
    await Promise.all([appending, runner(), runner()]);
    expect(runs).toBeGreaterThan(5);
    const [count] = await database.sql`
      select count(*)::int as rows, sum(n)::int as sum from relations.orders`;
    const bad = total / 50;
    const sum = Array.from({ length: total }, (_, i) => (i % 50 === 7 ? 0 : i)).reduce(
      (a, b) => a + b,
    );
    expect(count).toEqual({ rows: total - bad, sum });
    expect((await relations.counts()).get("orders")).toEqual({
      taken: total - bad,
      refused: bad,
    });
    const numbers = (await relations.refusals("orders", undefined, 1000)).map(
      ({ number }) => number,
    );
    expect(numbers).toEqual(Array.from({ length: bad }, (_, i) => bad - i));
  });
}, 30_000);

describe("tables", () => {
  test("are made once, and widened by later columns", async () => {
    await withStore(async ({ database }) => {
      await Promise.all([1, 2, 3].map(() => prepareRelations(database, [orders])));
      await database.sql`insert into relations.orders (id) values ('kept')`;
      const wider: Relation = {
        ...orders,
        columns: [...orders.columns, { name: "order", type: "boolean", path: ["order"] }],
      };
      await prepareRelations(database, [wider]);
      const target = createRelationProjection(database, wider);
      await target.skip(undefined, start);
      const values = [{ message_id: "new", order: true }];
      await target.commit(stored(values), start, { ...at, sequence: 1 });
      const rows = await database.sql`select id, "order" from relations.orders order by id`;
      expect([...rows]).toEqual([
        { id: "kept", order: null },
        { id: "new", order: true },
      ]);
      // A node with the older mapping still writes.
      await prepareRelations(database, [orders]);
    });
  });

  test("of another shape are refused with every difference, and nothing is changed", async () => {
    await withStore(async ({ database }) => {
      await prepareRelations(database, [orders]);
      await database.sql`create view relations.seen as select 1 as id`;
      const other: Relation = {
        ...orders,
        key: ["id", "n"],
        columns: orders.columns.map((column) =>
          column.name === "amount" ? { ...column, type: "integer" } : column,
        ),
      };
      const fresh = { ...orders, topic: "topic2", name: "fresh" };
      const seen = { ...orders, topic: "topic3", name: "seen" };
      const failure = await prepareRelations(database, [fresh, other, seen]).catch(
        (error: unknown) => error,
      );
      expect(failure).toBeInstanceOf(Failure);
      expect(String(failure)).toContain("orders.amount is numeric, the mapping has integer");
      expect(String(failure)).toContain("the key of orders is (id), the mapping has (id, n)");
      expect(String(failure)).toContain("seen is not a table");
      const [made] = await database.sql`select to_regclass('relations.fresh') as fresh`;
      expect(made).toEqual({ fresh: null });
    });
  });

  test("have their names quoted, whatever a mapping contains", async () => {
    await withStore(async ({ database }) => {
      const name = 'x"; drop table emitters; --';
      const hostile: Relation = {
        topic: "t'; drop table emitters; --",
        name,
        key: [name],
        columns: [{ name, type: "text", path: [name] }],
      };
      await prepareRelations(database, [hostile]);
      await prepareRelations(database, [hostile]);
      const target = createRelationProjection(database, hostile);
      await target.skip(undefined, start);
      const values = [{ [name]: "'); drop table emitters; --" }, { [name]: 'a"\\,{}' }];
      await target.commit(stored(values), start, { ...at, sequence: 2 });
      const rows = await database.sql`select * from relations.${database.sql(name)} order by 1`;
      expect(rows.map((row) => row[name])).toEqual(["'); drop table emitters; --", 'a"\\,{}']);
      await database.sql`select count(*) from emitters`;
    });
  });
});
