import { expect, test } from "bun:test";
import { DrizzleQueryError } from "drizzle-orm/errors";
import postgres from "postgres";
import { withPostgres } from "../../test/support/postgres.ts";
import { Failure } from "../core/failure.ts";
import { type Database, openDatabase } from "./database.ts";
import { errorCode } from "./error-code.ts";
import { retryReason, storeFailure } from "./error.ts";

const failureOf = (code: string) => Object.assign(new Error("any text"), { code });

const unreachable = "it cannot be reached";

// Each class of SQLSTATE that a server reports, and codes that differ from their class.
const table: readonly (readonly [what: string, code: string, reason: string | undefined])[] = [
  ["connection exception", "08006", "its connection failed"],
  ["feature not supported", "0A000", undefined],
  ["cardinality violation", "21000", undefined],
  ["data exception", "22P02", undefined],
  ["integrity constraint", "23505", undefined],
  ["transaction state", "25001", undefined],
  ["a statement after a failed one", "25P02", undefined],
  ["read-only: a standby", "25006", "it is read-only for now"],
  ["idle transaction ended", "25P03", "it ended an idle transaction"],
  ["long transaction ended", "25P04", "it ended a long transaction"],
  ["authorization", "28P01", undefined],
  ["no such database", "3D000", undefined],
  ["serialisation failure", "40001", "another transaction was in the way"],
  ["deadlock", "40P01", "another transaction was in the way"],
  ["no such table", "42P01", undefined],
  ["disk full", "53100", "it is out of disk space, memory or connections"],
  ["too many connections", "53300", "it is out of disk space, memory or connections"],
  ["program limit", "54000", undefined],
  ["object in use", "55006", undefined],
  ["lock timeout", "55P03", "a lock was not released in time"],
  ["statement timeout", "57014", "it gave up the statement, or is shutting down or starting up"],
  ["shut down", "57P01", "it gave up the statement, or is shutting down or starting up"],
  ["starting up", "57P03", "it gave up the statement, or is shutting down or starting up"],
  ["I/O error", "58030", "its disk failed"],
  ["internal error", "XX000", undefined],
  ["raised by a function", "P0001", undefined],
  ["postgres.js", "CONNECTION_CLOSED", unreachable],
  ["postgres.js", "CONNECT_TIMEOUT", unreachable],
  ["postgres.js, a wrong call", "UNDEFINED_VALUE", undefined],
  ["operating system", "ECONNREFUSED", unreachable],
  ["Unix socket", "ENOENT", unreachable],
  ["name service", "EAI_AGAIN", unreachable],
  ["runtime", "ERR_SOCKET_CLOSED", unreachable],
  ["runtime, a wrong call", "ERR_INVALID_ARG_TYPE", undefined],
];

test.each(table)("%s (%s) is retried: %s", (_, code, reason) => {
  expect(retryReason(failureOf(code))).toBe(reason);
  const failure = storeFailure(failureOf(code));
  expect(failure.code).toBe(reason === undefined ? "internal" : "unavailable");
  expect(failure.retryAfterMs).toBe(reason === undefined ? undefined : 1000);
});

test("a failure passes as it is; a code is found below what wraps it", () => {
  const failure = new Failure("conflict", "moved", { cause: failureOf("23505") });
  expect(storeFailure(failure)).toBe(failure);
  expect(errorCode(failure)).toBe("23505");
  const wrapped = new DrizzleQueryError("select secret", [], failureOf("57P01"));
  expect(errorCode(wrapped)).toBe("57P01");
  expect(storeFailure(wrapped).cause).toBe(wrapped.cause);
  expect(errorCode(new AggregateError([failureOf("ECONNREFUSED")]))).toBe("ECONNREFUSED");
  expect(retryReason("no error")).toBeUndefined();
});

test("deadlocks, locks, read-only transactions and rivals are retried as a real server reports them", async () => {
  await withPostgres(async (url) => {
    await using opened = new AsyncDisposableStack();
    const database = openDatabase({ url, schema: "public" });
    opened.defer(() => database.close());
    await database.sql`create table t (n int primary key)`;
    await database.sql`insert into t values (1), (2)`;
    const reasonOf = (work: () => PromiseLike<unknown>) =>
      database.run(work).then(
        () => "none",
        (error: unknown) => retryReason(error) ?? "would fail again",
      );

    expect(await deadlock(database)).toEqual(["another transaction was in the way"]);
    const readOnly = reasonOf(() => database.sql.begin("read only", (tx) => tx`delete from t`));
    expect(await readOnly).toBe("it is read-only for now");
    const locked = database.sql.begin(async (tx) => {
      await tx`select from t where n = 1 for update`;
      return await reasonOf(() => database.sql`select from t where n = 1 for update nowait`);
    });
    expect(await locked).toBe("a lock was not released in time");
    expect(await reasonOf(() => serialisation(database))).toBe(
      "another transaction was in the way",
    );
    expect(await reasonOf(() => database.sql`insert into t values (1)`)).toBe("would fail again");
  });
}, 20_000);

/** Two transactions that each wait for the other; the reasons of those that failed. */
async function deadlock({ sql }: Database): Promise<string[]> {
  const bothLocked = Promise.withResolvers<void>();
  let locked = 0;
  const lock = (first: number, second: number) =>
    sql.begin(async (tx) => {
      await tx`update t set n = n where n = ${first}`;
      locked += 1;
      if (locked === 2) bothLocked.resolve();
      await bothLocked.promise;
      await tx`update t set n = n where n = ${second}`;
    });
  const ends = await Promise.allSettled([lock(1, 2), lock(2, 1)]);
  return ends.flatMap((end) =>
    end.status === "rejected" ? [retryReason(end.reason) ?? "would fail again"] : [],
  );
}

async function serialisation({ sql }: Database): Promise<void> {
  await sql.begin("isolation level repeatable read", async (tx) => {
    await tx`select from t`;
    await sql`update t set n = n where n = 1`;
    await tx`update t set n = n where n = 1`;
  });
}

test("a server that stops, is unavailable, and comes back", async () => {
  await withPostgres(async (url, server) => {
    const database = openDatabase({ url });
    const query = () => database.run(() => database.sql`select 1 as one`);
    await query();
    const slow = database.run(() => database.sql`select pg_sleep(20)`);
    // Settled by then or not, it must not fail unseen.
    slow.catch(() => {});
    await Bun.sleep(100);
    await server.kill9();
    await expect(slow).rejects.toMatchObject({ code: "unavailable" });
    await expect(query()).rejects.toMatchObject({ code: "unavailable" });
    await server.start();
    await expect(query()).resolves.toMatchObject([{ one: 1 }]);
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
