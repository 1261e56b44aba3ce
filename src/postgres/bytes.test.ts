// The driver as it is patched: bytes are neither sent nor answered in hex, whichever way a statement
// takes. Without the patch a record of 1 MB is 2 MB on the way to the database, and again on the way back.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect, createServer } from "node:net";
import postgres, { type Sql } from "postgres";
import { type TestDatabase, testPostgres } from "../../test/support/postgres.ts";

const mega = 1024 * 1024;

let database: TestDatabase;
let proxy: Proxy;
let sql: Sql;

beforeAll(async () => {
  database = await (await testPostgres()).createDatabase();
  proxy = await startProxy(Number(new URL(database.url).port));
  const url = new URL(database.url);
  url.port = String(proxy.port);
  sql = postgres(url.href, { max: 1, onnotice: () => {} });
  await sql`create table things (id int primary key, name text, data bytea)`;
});

afterAll(async () => {
  await sql.end();
  proxy.close();
  await database[Symbol.asyncDispose]();
});

const samples: readonly (readonly [string, Uint8Array | null])[] = [
  ["nothing", new Uint8Array()],
  ["null", null],
  ["every byte", Uint8Array.from({ length: 256 }, (_, i) => i)],
  ["what looks like hex", new TextEncoder().encode("\\x00ff")],
  ["a part of a larger buffer", new Uint8Array(64).fill(7).subarray(3, 9)],
  ["a megabyte", new Uint8Array(mega).fill(255)],
];

/** A value as it is compared: the driver's bytes are Buffers. */
function plain(value: unknown): unknown {
  return value instanceof Uint8Array ? new Uint8Array(value) : value;
}

function plainRow(row: object | undefined): unknown {
  return Object.fromEntries(Object.entries(row ?? {}).map(([name, value]) => [name, plain(value)]));
}

describe.each(samples)("%s", (name, bytes) => {
  test("comes back as it was, from a statement that is new and from one that is known", async () => {
    for (let i = 0; i < 3; i++) {
      const [row] = await sql`select ${name} as name, ${bytes}::bytea as data, ${i}::int as i`;
      expect(plainRow(row)).toEqual({ name, data: plain(bytes), i });
    }
  });

  test("is stored between other columns, and read in each way", async () => {
    await sql`delete from things`;
    await sql`insert into things (id, name, data) values (${1}, ${name}, ${bytes})`;
    for (let i = 0; i < 3; i++) {
      const [row] = await sql`select id, data, name from things`;
      expect(plainRow(row)).toEqual({ id: 1, data: plain(bytes), name });
      const [values] = await sql`select data, id from things`.values();
      expect(values?.map((value) => plain(value))).toEqual([plain(bytes), 1]);
      for await (const [row] of sql`select data from things`.cursor(1)) {
        expect(plain(row?.["data"])).toEqual(plain(bytes));
      }
    }
  });
});

test("raw rows are what the server says in text, as before", async () => {
  for (let i = 0; i < 3; i++) {
    const [row] = await sql`select ${Uint8Array.of(1, 255)}::bytea as data`.raw();
    expect(new TextDecoder().decode(row?.[0])).toBe("\\x01ff");
  }
});

test("a column that becomes one of bytes, and text again, is read as such", async () => {
  await sql`create table changing (data text)`;
  await sql`insert into changing values ('a')`;
  const read = async () => plain((await sql`select data from changing`)[0]?.["data"]);
  for (let i = 0; i < 2; i++) expect(await read()).toBe("a");
  await sql`alter table changing alter column data type bytea using data::bytea`;
  for (let i = 0; i < 2; i++) expect(await read()).toEqual(Uint8Array.of(97));
  await sql`alter table changing alter column data type text using encode(data, 'escape')`;
  for (let i = 0; i < 2; i++) expect(await read()).toBe("a");
});

test("a statement takes bytes as well as a text, whose UTF-8 is stored", async () => {
  const echo = (value: Uint8Array | string) => sql`select ${value}::bytea as data`;
  for (let i = 0; i < 3; i++) {
    const rows = await Promise.all([
      echo(Uint8Array.of(1)),
      echo("\u0002"),
      echo(Uint8Array.of(3)),
    ]);
    expect(rows.map(([row]) => plain(row?.["data"]))).toEqual(
      [1, 2, 3].map((byte) => Uint8Array.of(byte)),
    );
  }
});

// As it comes, the driver stores what it has to send again as the text of its text, and false for true; and
// it never settles several that it has to send again (github.com/porsager/postgres: `retry`).
test("what has to be sent again because its table has changed is stored as it was given, once", async () => {
  await sql`create table grown (id int, data bytea, flag boolean)`;
  const insert = (id: number, data: Uint8Array | string) =>
    sql`insert into grown values (${id}, ${data}, ${true}) returning *`;
  await insert(0, Uint8Array.of(65));
  for (const [column, ids] of [
    ["one", [1]],
    ["three", [2, 3, 4]],
  ] as const) {
    await sql.unsafe(`alter table grown add column ${column} int`);
    await Promise.all(ids.map((id) => insert(id, id % 2 === 0 ? Uint8Array.of(65) : "A")));
  }
  const rows = await sql`select id, data, flag from grown order by id`;
  expect(rows.map((row) => plainRow(row))).toEqual(
    [0, 1, 2, 3, 4].map((id) => ({ id, data: Uint8Array.of(65), flag: true })),
  );
});

test("a megabyte is a megabyte on the way, there and back", async () => {
  const bytes = new Uint8Array(mega).fill(200);
  const echo = () => sql`select ${bytes}::bytea as echoed`;
  // The first describes the statement.
  await echo();
  const before = { ...proxy.bytes };
  await echo();
  expect(proxy.bytes.sent - before.sent).toBeWithin(mega, 1.01 * mega);
  expect(proxy.bytes.answered - before.answered).toBeWithin(mega, 1.01 * mega);
});

interface Proxy {
  readonly port: number;
  readonly bytes: { sent: number; answered: number };
  close(): void;
}

/** Counts what passes to the server and back. */
async function startProxy(serverPort: number): Promise<Proxy> {
  const bytes = { sent: 0, answered: 0 };
  const server = createServer((client) => {
    const upstream = connect(serverPort, "127.0.0.1");
    client.on("data", (data) => (bytes.sent += data.byteLength)).pipe(upstream);
    upstream.on("data", (data) => (bytes.answered += data.byteLength)).pipe(client);
    for (const socket of [client, upstream]) socket.on("error", () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The proxy has no port");
  return { port: address.port, bytes, close: () => void server.close() };
}
