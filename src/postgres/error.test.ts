import { expect, test } from "bun:test";
import postgres from "postgres";
import { withPostgres } from "../../test/support/postgres.ts";
import { Failure } from "../core/failure.ts";
import { openDatabase } from "./database.ts";
import { storeFailure } from "./error.ts";

test("codes decide, not texts; a failure passes as it is", () => {
  const coded = (code: string) => storeFailure(Object.assign(new Error("any text"), { code })).code;
  for (const code of [
    "53100",
    "57P01",
    "57014",
    "08006",
    "40P01",
    "ECONNREFUSED",
    "CONNECTION_CLOSED",
  ]) {
    expect(coded(code)).toBe("unavailable");
  }
  for (const code of ["23505", "42P01", "22P02", "ERR_ANYTHING"]) {
    expect(coded(code)).toBe("internal");
  }
  const failure = new Failure("conflict", "moved");
  expect(storeFailure(failure)).toBe(failure);
});

test("a server that goes away, is away, and comes back", async () => {
  await withPostgres(async (url, server) => {
    const database = openDatabase({ url });
    const ask = () => database.run(() => database.sql`select 1 as one`);
    await ask();
    const slow = database.run(() => database.sql`select pg_sleep(20)`);
    // Settled by then or not, it must not fail unseen.
    slow.catch(() => {});
    await Bun.sleep(100);
    await server.kill9();
    await expect(slow).rejects.toMatchObject({ code: "unavailable" });
    await expect(ask()).rejects.toMatchObject({ code: "unavailable" });
    await server.start();
    await expect(ask()).resolves.toMatchObject([{ one: 1 }]);
    await database.close();
  });
}, 20_000);

test("a statement that runs too long is ended by the server, one that is refused too", async () => {
  await withPostgres(async (url, server) => {
    const database = openDatabase({ url, statementMs: 200 });
    const slow = database.run(() => database.sql`select pg_sleep(5)`);
    await expect(slow).rejects.toMatchObject({ code: "unavailable" });
    const admin = postgres(server.url, { max: 1 });
    const ended = database.run(() => database.sql`select pg_terminate_backend(pg_backend_pid())`);
    await expect(ended).rejects.toMatchObject({ code: "unavailable" });
    const wrong = database.run(() => database.sql`select nonsense`);
    await expect(wrong).rejects.toMatchObject({ code: "internal" });
    await Promise.all([admin.end(), database.close()]);
  });
});
