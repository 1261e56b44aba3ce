import { expect, test } from "bun:test";
import postgres from "postgres";
import { withPostgres } from "../../test/support/postgres.ts";
import { connect } from "./connect.ts";
import { migrate } from "./migrate.ts";

test("several nodes may migrate one fresh database at once, and again", async () => {
  await withPostgres(async (url) => {
    await Promise.all([migrate({ url }), migrate({ url }), migrate({ url })]);
    const created = await relationsOf(url);
    expect(await migrate({ url })).toEqual({ movedTables: 0 });
    expect(await relationsOf(url)).toEqual(created);
    const names = created.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(["emitters", "emitter_events", "nodes", "projections", "log_topics"]),
    );
    expect(new Set(created.map(({ schema }) => schema))).toEqual(new Set(["sluice"]));
  });
});

test("nodes of several schemas may migrate one fresh database at once, what the schemas share included", async () => {
  for (let round = 0; round < 5; round++) {
    await withPostgres(async (url) => {
      const schemas = ["sluice", "second", "third", "public"];
      await Promise.all([...schemas, ...schemas].map((schema) => migrate({ url, schema })));
      const found = (await relationsOf(url)).map(({ schema }) => schema);
      expect(new Set(found)).toEqual(new Set(schemas));
    });
  }
}, 30_000);

test.each(["other", "order", "_x1"])(
  "the tables are in the schema %s, as it is set",
  async (schema) => {
    await withPostgres(async (url) => {
      await migrate({ url, schema });
      const created = await relationsOf(url);
      expect(created.length).toBeGreaterThan(30);
      expect(new Set(created.map((relation) => relation.schema))).toEqual(new Set([schema]));
      const sql = connect({ url, schema }, { max: 1, session: { application_name: "test" } });
      expect(await sql`select name from subjects`).toHaveLength(0);
      await sql.end();
    });
  },
);

test("a user who may not create schemas learns which privilege is missing", async () => {
  await withPostgres(async (url) => {
    const admin = postgres(url, { max: 1, onnotice: () => {} });
    const name = `limited_${process.pid}`;
    await admin.unsafe(`create role ${name} login password 'secret'`);
    try {
      const limited = new URL(url);
      limited.username = name;
      limited.password = "secret";
      const failed = migrate({ url: limited.href });
      await expect(failed).rejects.toMatchObject({ code: "forbidden" });
      await expect(failed).rejects.toThrow("expected the privilege CREATE on the database");
    } finally {
      await admin.unsafe(`drop role ${name}`);
      await admin.end();
    }
  });
});

test("connections whose search_path another setting decides are refused", async () => {
  await withPostgres(async (url) => {
    const failed = migrate({ url: `${url}?search_path=public` });
    await expect(failed).rejects.toMatchObject({ code: "conflict" });
    await expect(failed).rejects.toThrow('sessions begin in "public"');
  });
});

test("a database that a newer release has used is refused with the reason", async () => {
  await withPostgres(async (url) => {
    await migrate({ url });
    const sql = connect({ url }, { max: 1, session: { application_name: "test" } });
    await sql`insert into sluice_migrations (hash, created_at) values ('x', 99999999999999)`;
    await sql.end();
    const failed = migrate({ url });
    await expect(failed).rejects.toMatchObject({ code: "conflict" });
    await expect(failed).rejects.toThrow("newer release");
  });
});

test("a database that cannot be reached is unavailable", async () => {
  const failed = migrate({ url: "postgres://postgres@127.0.0.1:1/none" });
  await expect(failed).rejects.toMatchObject({ code: "unavailable" });
});

interface FoundRelation {
  readonly schema: string;
  readonly name: string;
  readonly id: number;
}

/** Tables, sequences and indexes of all schemas but PostgreSQL's. */
async function relationsOf(url: string): Promise<readonly FoundRelation[]> {
  const sql = postgres(url, { max: 1 });
  const found = await sql<FoundRelation[]>`
    select relnamespace::regnamespace::text as schema, relname as name, oid::int as id
    from pg_class
    where relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema', 'pg_toast')
    order by oid`;
  await sql.end();
  return found.map((relation) => ({ ...relation, schema: relation.schema.replaceAll('"', "") }));
}
