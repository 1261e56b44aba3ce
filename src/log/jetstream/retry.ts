/**
 * Calls of the JetStream API. A cluster that elects a leader, or places a consumer on a server
 * that just died, answers nobody; the same question a moment later is answered.
 */
import { JetStreamApiError } from "@nats-io/jetstream";
import type { Connection } from "./connection.ts";

/** An answer takes milliseconds; all attempts together fit into a caller's own 10 s. */
export const askMsMax = 2_500;
const attemptsMax = 3;

/** Asks again while nobody answers: only for what may be done twice. Throws what the last one threw. */
export async function asked<T>(connection: Connection, ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      const isAnswer = error instanceof JetStreamApiError;
      if (isAnswer || attempt === attemptsMax || connection.nc.isClosed()) throw error;
    }
  }
}
