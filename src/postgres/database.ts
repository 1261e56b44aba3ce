/** The store's connection: PostgreSQL through postgres.js and Drizzle, bounded in size and time. */
import { drizzle, type PostgresJsDatabase } from "drizzle-orm/postgres-js";
import postgres, { type Sql } from "postgres";
import { Failure } from "../core/failure.ts";
import { connectionOptions } from "./connection.ts";
import { storeFailure } from "./error.ts";

export interface DatabaseOptions {
  readonly url: string;
  /** Connections of this node, besides two for leases and one for ownership. */
  readonly connectionsMax?: number;
  /** The server ends a statement that runs longer. */
  readonly statementMs?: number;
  /**
   * Each statement is planned once a connection, whatever its parameters. PostgreSQL would plan it
   * for the first five times anew, which for one over many partitions costs more than running it.
   */
  readonly plansOnce?: boolean;
}

export interface Database {
  readonly db: PostgresJsDatabase;
  /** The same connections, for what is one statement by hand. */
  readonly sql: Sql;
  /** Few connections for what must not queue behind pages and projections: leases. */
  readonly leases: Sql;
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

/** Opens lazily: the first statement connects, and a lost connection is made anew. */
export function openDatabase(options: DatabaseOptions): Database {
  const statementMs = options.statementMs ?? statementMsDefault;
  const { url, connectionsMax = connectionsDefault } = options;
  const planning = options.plansOnce === true ? { plan_cache_mode: "force_generic_plan" } : {};
  const sql = connect(url, connectionsMax, statementMs, planning);
  const leases = connect(url, 2, leaseStatementMs);
  return {
    db: drizzle(sql),
    sql,
    leases,
    run: (work) => withDeadline(work, statementMs + slackMs),
    async close() {
      // Whoever had work has ended before. postgres.js waits in vain for a connection that the
      // server once closed during a statement, so the wait is short.
      await Promise.all([sql.end({ timeout: 1 }), leases.end({ timeout: 1 })]);
    },
  };
}

function connect(url: string, max: number, statementMs: number, more = {}): Sql {
  return postgres(url, {
    ...connectionOptions,
    max,
    connection: {
      application_name: "sluice",
      statement_timeout: statementMs,
      lock_timeout: Math.min(statementMs, 10_000),
      // A transaction whose node vanished must not hold its row locks.
      idle_in_transaction_session_timeout: 10_000,
      // Every query here goes along an index and stops at a limit. Before a young table has been
      // analysed the planner would rather collect and sort all that lies behind a position.
      enable_bitmapscan: "off",
      ...more,
    },
  });
}

/** A server that vanished from the network never answers: TCP alone would wait for minutes. */
async function withDeadline<T>(work: () => PromiseLike<T>, ms: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Failure("unavailable", `The store did not answer within ${ms} ms`)),
      ms,
    );
  });
  try {
    return await Promise.race([work(), late]);
  } catch (error) {
    throw storeFailure(error);
  } finally {
    clearTimeout(timer);
  }
}
