// Two gateways in two schemas of one database: neither sees, waits for or wakes the other.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import postgres from "postgres";
import { type GatewayProcess, startGateway } from "../support/gateway.ts";
import { ask, post } from "../support/http.ts";
import { type TestDatabase, testPostgres } from "../support/postgres.ts";
import { openSse } from "../support/sse-socket.ts";
import { until } from "../support/until.ts";

let database: TestDatabase;
let gateways: GatewayProcess[] = [];

beforeAll(async () => {
  database = await (await testPostgres()).createDatabase();
  const env = { DATABASE_URL: database.url };
  gateways = await Promise.all([
    startGateway({ env }),
    startGateway({ env: { ...env, SLUICE_DATABASE_SCHEMA: "second" } }),
  ]);
}, 120_000);

afterAll(async () => {
  await Promise.all(gateways.map((gateway) => gateway.stop()));
  await database.drop();
  expect(gateways.flatMap((gateway) => gateway.errors())).toEqual([]);
}, 60_000);

const url = (gateway: 0 | 1, path: string): string => `${gateways[gateway]?.url}${path}`;

test("each owns its own projections at the same time", async () => {
  for (const gateway of [0, 1] as const) {
    await until("all projections to be owned", 30_000, async () => {
      const { json } = await ask("GET", url(gateway, "/status"));
      return json.projections.every((projection: { owned: boolean }) => projection.owned);
    });
  }
});

test("a topic of one name is two topics, and readers get the records of their gateway only", async () => {
  const both = [0, 1] as const;
  for (const gateway of both) await post(url(gateway, "/v1/topics/orders/records"), { n: gateway });
  const streams = await Promise.all(
    both.map((gateway) => openSse(url(gateway, "/v1/topics/orders/sse?after=earliest"))),
  );
  await post(url(0, "/v1/topics/orders/records"), { n: 2 });
  await post(url(1, "/v1/topics/orders/records"), { n: 3 });
  const expected = [
    [{ n: 0 }, { n: 2 }],
    [{ n: 1 }, { n: 3 }],
  ];
  for (const gateway of both) {
    const events = await streams[gateway]?.take(2);
    expect(events?.map(({ data }) => JSON.parse(data))).toEqual(expected[gateway]);
    streams[gateway]?.close();
    const { json } = await ask("GET", url(gateway, "/v1/topics/orders/records"));
    expect(json.events.map((event: { data: unknown }) => event.data)).toEqual(expected[gateway]);
  }
});

test("all tables are in the two schemas, and those of landing tables", async () => {
  const sql = postgres(database.url, { max: 1 });
  const rows = await sql<{ schema: string; tables: number }[]>`
    select table_schema as schema, count(*)::int as tables from information_schema.tables
    where table_schema not in ('pg_catalog', 'information_schema') group by 1 order by 1`;
  await sql.end();
  expect(rows.map(({ schema }) => schema)).toEqual(["second", "sluice"]);
});

test("four gateways that start at once in one fresh database, in two schemas, all become ready", async () => {
  for (let round = 0; round < 3; round++) {
    await using fresh = await (await testPostgres()).createDatabase();
    const schemas = ["sluice", "second"];
    const started = await Promise.allSettled(
      [...schemas, ...schemas].map((schema) =>
        startGateway({ env: { DATABASE_URL: fresh.url, SLUICE_DATABASE_SCHEMA: schema } }),
      ),
    );
    const nodes = started.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    const failed = started.flatMap((one) =>
      one.status === "rejected" ? [String(one.reason)] : [],
    );
    const topic = "/v1/topics/first/records";
    await Promise.all(nodes.map(({ url: at }, n) => post(at + topic, { n })));
    const pages = await Promise.all(nodes.map(({ url: at }) => ask("GET", at + topic)));
    await Promise.all(nodes.map((node) => node.stop()));
    expect(failed).toEqual([]);
    expect(nodes.flatMap((node) => node.errors())).toEqual([]);
    // Both nodes of a schema have written to its topic.
    expect(pages.map(({ json }) => json.events.length)).toEqual(nodes.map(() => 2));
  }
}, 180_000);

/** When the migration was made that moves tables out of `public`. */
async function movedAt(): Promise<number> {
  const journal = await Bun.file(`${import.meta.dir}/../../migrations/meta/_journal.json`).json();
  const entries: readonly { readonly tag: string; readonly when: number }[] = journal.entries;
  const found = entries.find(({ tag }) => tag === "0010_own_schema");
  if (found === undefined) throw new Error("There is no migration 0010_own_schema");
  return found.when;
}

/** Drops what the migrations after the one that moves the tables have added. */
function undoingLaterMigrations(): string {
  const folder = join(import.meta.dir, "../../migrations");
  const later = readdirSync(folder).filter(
    (name) => name.endsWith(".sql") && name.slice(0, 4) > "0010",
  );
  return later
    .map((name) => readFileSync(join(folder, name), "utf8"))
    .flatMap((text) => [
      ...Array.from(
        text.matchAll(/CREATE (?:UNIQUE )?INDEX "(\w+)"/g),
        ([, index]) => `drop index if exists public.${index};`,
      ),
      ...Array.from(
        text.matchAll(/CREATE TABLE "(\w+)"/g),
        ([, table]) => `drop table public.${table};`,
      ),
      ...Array.from(
        text.matchAll(/ALTER TABLE "(\w+)" ADD COLUMN "(\w+)"/g),
        ([, table, column]) => `alter table public.${table} drop column ${column};`,
      ),
    ])
    .join("\n");
}

test("a gateway moves the tables that an older release had in public, and answers from them", async () => {
  await using old = await (await testPostgres()).createDatabase();
  const env = { DATABASE_URL: old.url, SLUICE_GUESTS: "0" };
  const ns = BigInt(Date.now()) * 1_000_000n;
  const addresses = [
    "/v1/topics/readings/records",
    "/v1/messages/m1",
    "/subjects",
    `/v1/series/t1?start=${ns - 1000n}&end=${ns + 1000n}`,
  ];
  const answersOf = async ({ url: at }: GatewayProcess) => {
    const answers = await Promise.all(addresses.map((address) => ask("GET", at + address)));
    // The times of a series are those of the question; an older release kept no times of receipt.
    const undated = (text: string) =>
      text
        .replace(/"(?:now|queryable_until)":\d+,/g, "")
        .replace(/"received_(?:first|last)_at":(?:"[^"]*"|null),/g, "");
    return answers.map(({ status, text }) => [status, undated(text)]);
  };

  const before = await startGateway({ env: { ...env, SLUICE_DATABASE_SCHEMA: "public" } });
  await post(`${before.url}/v1/topics/readings/records`, { celsius: 21 });
  await post(`${before.url}/save`, `{"time":${ns},"tag":"t1","values":[1.5]}`);
  await post(`${before.url}/api/event`, { app_id: "a", message_id: "m1", event: "sent" });
  const schema = 'syntax = "proto3"; message M { string a = 1; }';
  await post(`${before.url}/subjects/s/versions`, { schemaType: "PROTOBUF", schema });
  const stored = await until("all to be stored", 30_000, async () => {
    const answers = await answersOf(before);
    return answers.every(([status]) => status === 200) && answers;
  });
  await before.stop();

  const sql = postgres(old.url, { max: 1 });
  // What an older release leaves: its tables, without the migration that moves them and those after it.
  await sql.unsafe(undoingLaterMigrations());
  await sql`delete from public.sluice_migrations where created_at >= ${await movedAt()}`;
  const after = await startGateway({ env });
  const tables = await sql`
    select table_name as name from information_schema.tables where table_schema = 'public'`;
  await sql.end();
  expect(tables).toMatchObject([{ name: "sluice_migrations" }]);
  expect(await answersOf(after)).toEqual(stored);
  expect(after.log()).toContain("moved the tables of an older release out of public");
  await post(`${after.url}/v1/topics/readings/records`, { celsius: 22 });
  const { json } = await ask("GET", `${after.url}/v1/topics/readings/records`);
  expect(json.events.map((event: { data: unknown }) => event.data)).toEqual([
    { celsius: 21 },
    { celsius: 22 },
  ]);
  expect(await after.stop()).toBe(0);
  expect(after.errors()).toEqual([]);
}, 180_000);
