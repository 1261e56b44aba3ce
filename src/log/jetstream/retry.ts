/**
 * Calls of the JetStream API. A cluster that is electing a leader, or that places a consumer on a
 * server that just died, does not answer, or answers that it cannot; the same call a moment later is
 * answered.
 */

import { JetStreamApiError } from "@nats-io/jetstream";
import { type Clock, sleep } from "../../core/clock.ts";
import { isElecting } from "./failures.ts";

/** An answer takes milliseconds; all attempts of one call together fit into a caller's deadline of 10 s. */
export const attemptMsMax = 2_500;
const attemptsMax = 3;
/** Later than this no attempt begins. */
const lastAttemptMs = 5_500;
/**
 * Pauses before what said at once that it is electing is requested again: longer each time, because all
 * readers ask the same servers.
 */
const electingPausesMs = [100, 200, 400, 800, 1_000, 1_000, 1_000, 1_000];

/** What a retry needs of a connection. */
interface Caller {
  readonly clock: Clock;
  readonly nc: { isClosed(): boolean };
}

/**
 * Retries while no server answers, or while they are electing, so `call` must be repeatable. Throws
 * what the last attempt threw.
 */
export async function withRetry<T>({ clock, nc }: Caller, call: () => Promise<T>): Promise<T> {
  const startMs = clock.nowMs();
  const pausesMs = electingPausesMs.values();
  for (let unanswered = 0; ;) {
    try {
      return await call();
    } catch (error) {
      const isLate = clock.nowMs() - startMs > lastAttemptMs;
      if (isLate || nc.isClosed()) throw error;
      if (isElecting(error)) {
        const { value: pauseMs } = pausesMs.next();
        if (pauseMs === undefined) throw error;
        await sleep(clock, jittered(pauseMs));
      } else if (error instanceof JetStreamApiError || ++unanswered === attemptsMax) throw error;
    }
  }
}

/** Half of it at least. */
function jittered(ms: number): number {
  return ms * (0.5 + Math.random() / 2);
}
