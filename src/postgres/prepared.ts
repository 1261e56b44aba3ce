/**
 * The client as Drizzle should use it: with prepared statements. Drizzle asks the driver for none, so
 * that PostgreSQL would parse and plan each statement again, and the driver would wait for its
 * description before it sends the values.
 */

import type { Sql, TransactionSql } from "postgres";

/**
 * The text of a statement that lists its values is another one for each number of values, and a
 * connection keeps each text that it has prepared: longer lists are not prepared.
 */
const parametersMax = 200;

/** `beginWith` are the options of each transaction, such as its isolation level. */
export function prepared(sql: Sql, beginWith = ""): Sql {
  return withMembers(sql, {
    unsafe: unsafeOf(sql),
    begin: (work: (tx: TransactionSql) => Promise<unknown>) =>
      sql.begin(beginWith, (tx) => work(preparedTransaction(tx))),
  });
}

function preparedTransaction(tx: TransactionSql): TransactionSql {
  return withMembers(tx, {
    unsafe: unsafeOf(tx),
    savepoint: (work: (inner: TransactionSql) => Promise<unknown>) =>
      tx.savepoint((inner) => work(preparedTransaction(inner))),
  });
}

function unsafeOf(sql: Sql | TransactionSql): Sql["unsafe"] {
  return (text, parameters, options) =>
    sql.unsafe(text, parameters, {
      ...options,
      prepare: parameters !== undefined && parameters.length <= parametersMax,
    });
}

function withMembers<T extends object>(target: T, members: Readonly<Record<string, unknown>>): T {
  return new Proxy(target, {
    get: (_, name) =>
      typeof name === "string" && Object.hasOwn(members, name)
        ? members[name]
        : Reflect.get(target, name),
  });
}
