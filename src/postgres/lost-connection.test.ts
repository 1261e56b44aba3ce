/**
 * What `patches/postgres@3.4.9.patch` is for: a write that its connection's end has overtaken. Upstream
 * it throws outside of any query (github.com/porsager/postgres, issue 1208), or the connection never
 * writes again, since what was to write is cancelled and not forgotten.
 */

import { expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import postgres from "postgres";
import { testPostgres } from "../../test/support/postgres.ts";

test("a connection that ends before a query is sent fails the query, and opens again", async () => {
  await using database = await (await testPostgres()).createDatabase();
  const { hostname, port } = new URL(database.url);
  const sockets: Socket[] = [];
  const options = {
    max: 1,
    connect_timeout: 2,
    // Its types leave this out: https://github.com/porsager/postgres#connection-details
    socket: () => connected(hostname, Number(port), sockets),
  };
  const sql = postgres(database.url, options);
  try {
    expect(await sql`select 1 as n`).toMatchObject([{ n: 1 }]);
    for (let n = 2; n < 5; n++) {
      const lost = sql`select ${n}::int as n`.then(
        () => undefined,
        (error: unknown) => error,
      );
      // It is written in this turn, and sent in the next.
      await Promise.resolve();
      await Promise.resolve();
      sockets.at(-1)?.emit("close", false);
      sockets.at(-1)?.destroy();
      expect(await lost).toBeInstanceOf(Error);
      expect(await sql`select ${n}::int as n`).toMatchObject([{ n }]);
    }
    expect(sockets).toHaveLength(4);
  } finally {
    await sql.end({ timeout: 1 });
  }
}, 10_000);

function connected(host: string, port: number, sockets: Socket[]): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port }, () => resolve(socket));
    socket.once("error", reject);
    sockets.push(socket);
  });
}
