/** The database as the log sees it: every question has a deadline, every error is a `Failure`. */
import type { Sql } from "postgres";
import type { Clock } from "../../core/clock.ts";
import { Failure, failureFrom } from "../../core/failure.ts";

/**
 * What a question may take. The driver below waits for as long as a connection takes to come
 * back; a producer would rather hear within 10 s that it has to come again.
 */
export const deadlineMs = 8_000;

export class Database {
  readonly sql: Sql;
  readonly clock: Clock;

  constructor(sql: Sql, clock: Clock) {
    this.sql = sql;
    this.clock = clock;
  }

  /**
   * The answer to a query, or `unavailable` once `withinMs` have passed. A query that is given up
   * may still be carried out: postgres.js cannot take it back without risking its connection.
   */
  ask<T>(query: PromiseLike<T>, withinMs = deadlineMs): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = this.clock.after(withinMs, () => {
        reject(unavailable(`it did not answer within ${withinMs} ms`));
      });
      query.then(
        (answer) => {
          cancel();
          resolve(answer);
        },
        (error: unknown) => {
          cancel();
          reject(failureFromDatabase(error));
        },
      );
    });
  }
}

/** SQLSTATE of an insert that met an equal key. */
export const uniqueViolation = "23505";

/** SQLSTATE of what a commit raises when a producer's state has changed. */
export const divisionByZero = "22012";

export function databaseCode(error: unknown): string {
  const cause = error instanceof Failure ? error.cause : error;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  return typeof code === "string" ? code : "";
}

/** Classes of SQLSTATE after which the same request may succeed later, and what to say of them. */
const retryableClasses: Readonly<Record<string, string>> = {
  "08": "its connection failed",
  "25": "it is read-only for now",
  "53": "it is out of disk space, memory or connections",
  "57": "it gave up the statement, or is shutting down or starting up",
  "58": "its disk failed",
};

function failureFromDatabase(error: unknown): Failure {
  const code = databaseCode(error);
  if (/^[0-9A-Z]{5}$/.test(code) && !connectionCodes.test(code)) {
    const why = retryableClasses[code.slice(0, 2)];
    return why === undefined ? failureFrom(error) : unavailable(why, error);
  }
  return connectionCodes.test(code)
    ? unavailable("it cannot be reached", error)
    : failureFrom(error);
}

/** System errors (ECONNREFUSED, EPIPE, …) and those of postgres.js (CONNECTION_CLOSED, CONNECT_TIMEOUT, …). */
const connectionCodes = /^(E[A-Z]+|E[A-Z]+_[A-Z]+|CONNECTION_[A-Z]+|CONNECT_TIMEOUT)$/;

function unavailable(why: string, cause?: unknown): Failure {
  const message = `The log's database is unavailable: ${why}`;
  return new Failure("unavailable", message, { retryAfterMs: 1_000, cause });
}
