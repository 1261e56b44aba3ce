/** The database as the log sees it: every query has a deadline, every error is a `Failure`. */

import type { Sql } from "postgres";
import type { Clock } from "../../core/clock.ts";
import { Failure, failureFrom } from "../../core/failure.ts";
import { withDeadline } from "../../postgres/deadline.ts";
import { retryReason } from "../../postgres/error.ts";

/**
 * What a query may take. The driver below waits for as long as a connection takes to come back; a
 * producer should hear within 10 s that it must retry.
 */
export const deadlineMs = 8_000;

export class Database {
  readonly sql: Sql;
  readonly clock: Clock;

  constructor(sql: Sql, clock: Clock) {
    this.sql = sql;
    this.clock = clock;
  }

  /** The answer to a query, or `unavailable` once `withinMs` have passed. */
  run<T>(query: PromiseLike<T>, withinMs = deadlineMs): Promise<T> {
    const late = () => unavailable(`it did not answer within ${withinMs} ms`);
    return withDeadline(this.clock, query, withinMs, late, logFailure);
  }
}

function logFailure(error: unknown): Failure {
  const reason = retryReason(error);
  return reason === undefined ? failureFrom(error) : unavailable(reason, error);
}

function unavailable(why: string, cause?: unknown): Failure {
  const message = `The log's database is unavailable: ${why}`;
  return new Failure("unavailable", message, { retryAfterMs: 1_000, cause });
}
