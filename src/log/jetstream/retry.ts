/**
 * Calls of the JetStream API. A cluster that is electing a leader, or that places a consumer on a
 * server that just died, does not answer; the same call a moment later is answered.
 */

import { JetStreamApiError } from "@nats-io/jetstream";
import type { Connection } from "./connection.ts";

/** An answer takes milliseconds; all attempts together fit into a caller's deadline of 10 s. */
export const attemptMsMax = 2_500;
const attemptsMax = 3;

/** Retries while no server answers, so `call` must be repeatable. Throws what the last attempt threw. */
export async function withRetry<T>(connection: Connection, call: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      const isAnswer = error instanceof JetStreamApiError;
      if (isAnswer || attempt === attemptsMax || connection.nc.isClosed()) throw error;
    }
  }
}
