/** The store's connections: PostgreSQL through postgres.js and Drizzle, bounded in size and time. */

import { drizzle, type PostgresJsDatabase } from "drizzle-orm/postgres-js";
import type { Sql } from "postgres";
import { systemClock } from "../core/clock.ts";
import { Failure } from "../core/failure.ts";
import { alongIndexes, connect, type DatabaseAddress, defaultSchema } from "./connect.ts";
import { withDeadline } from "./deadline.ts";
import { storeFailure } from "./error.ts";
import { prepared } from "./prepared.ts";

export interface DatabaseOptions extends DatabaseAddress {
  /** Number of connections of this node, besides two for leases and one for ownership. */
  readonly connectionsMax?: number;
  /** The server ends a statement that runs longer. */
  readonly statementMs?: number;
  /**
   * Each statement is planned once a connection, whatever its parameters. PostgreSQL would plan its
   * first five executions again, which for one over many partitions costs more than running it.
   */
  readonly plansOnce?: boolean;
}

export interface Pool {
  /** Number of connections. */
  readonly max: number;
  /** Number of `run`s that have a connection, or wait for one. */
  readonly running: number;
}

export interface Database {
  /** The schema of the tables. */
  readonly schema: string;
  readonly db: PostgresJsDatabase;
  /** The same connections; each transaction sees one state of the database, and only reads. */
  readonly snapshots: PostgresJsDatabase;
  /** The same connections, for statements written by hand. */
  readonly sql: Sql;
  /** Few connections for what must not queue behind pages and projections: leases. */
  readonly leases: PostgresJsDatabase;
  /** Work on the connections. */
  readonly pool: Pool;
  /** Runs `work`; throws what goes wrong with the store as `unavailable`, within a deadline. */
  run<T>(work: () => PromiseLike<T>): Promise<T>;
  close(): Promise<void>;
}

/** Eight keep two cores of a database busy; more would only queue there instead of here. */
const connectionsDefault = 8;
/** The slowest statements are the retention's, which work in chunks far below this. */
const statementMsDefault = 15_000;
const leaseStatementMs = 2_000;
/** What an answer may take beyond its statement: waiting for a connection, and the network. */
const slackMs = 5_000;

export function openDatabase(options: DatabaseOptions): Database {
  const statementMs = options.statementMs ?? statementMsDefault;
  const { url, schema = defaultSchema, tls, connectionsMax = connectionsDefault } = options;
  const address = { url, schema, tls };
  const planning = options.plansOnce === true ? { plan_cache_mode: "force_generic_plan" } : {};
  const sql = open(address, connectionsMax, statementMs, planning);
  const leases = open(address, 2, leaseStatementMs);
  const withinMs = statementMs + slackMs;
  const late = () => new Failure("unavailable", `The store did not answer within ${withinMs} ms`);
  const pool = { max: connectionsMax, running: 0 };
  return {
    schema,
    pool,
    db: drizzle(prepared(sql)),
    snapshots: drizzle(prepared(sql, "isolation level repeatable read read only")),
    sql,
    leases: drizzle(prepared(leases)),
    async run(work) {
      pool.running++;
      try {
        return await withDeadline(systemClock, work(), withinMs, late, storeFailure);
      } finally {
        pool.running--;
      }
    },
    async close() {
      // All work has ended before. postgres.js waits in vain for a connection that the server once
      // closed during a statement, so the wait is short.
      await Promise.all([sql.end({ timeout: 1 }), leases.end({ timeout: 1 })]);
    },
  };
}

function open(address: DatabaseAddress, max: number, statementMs: number, planning = {}): Sql {
  return connect(address, {
    max,
    session: {
      application_name: "sluice",
      statement_timeout: statementMs,
      lock_timeout: Math.min(statementMs, 10_000),
      // A transaction whose node vanished must not keep its row locks.
      idle_in_transaction_session_timeout: 10_000,
      ...alongIndexes,
      ...planning,
    },
  });
}
