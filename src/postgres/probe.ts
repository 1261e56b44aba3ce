/** Whether what listens at an address is a PostgreSQL that lets this node in. */

import type { Clock } from "../core/clock.ts";
import { Failure } from "../core/failure.ts";
import { connect, type DatabaseAddress } from "./connect.ts";
import { withDeadline } from "./deadline.ts";
import { storeFailure } from "./error.ts";

/** A server that is there answers in milliseconds; one across the world, on a busy machine, in a second. */
const answerMs = 5_000;

/**
 * Resolves once it has answered a statement. Throws `unavailable` where it may do so later. Another kind of
 * server waits for more bytes, or sends some that mean nothing here: only a deadline ends that.
 */
export async function probe(address: DatabaseAddress, clock: Clock): Promise<void> {
  const sql = connect(address, { max: 1, session: { application_name: "sluice start" } });
  const late = () =>
    new Failure("unavailable", `it did not answer as PostgreSQL does within ${answerMs} ms`);
  try {
    await withDeadline(clock, sql`select 1`, answerMs, late, storeFailure);
  } finally {
    // The connection may never end on its own.
    void sql.end({ timeout: 0 }).catch(() => {});
  }
}
