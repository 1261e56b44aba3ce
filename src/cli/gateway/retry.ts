/** Which failures a streaming program retries, and how long it waits before that. */

import type { Failure, FailureCode } from "../../core/failure.ts";

const retryable: ReadonlySet<FailureCode> = new Set([
  "overloaded",
  "slow_subscriber",
  "unavailable",
  "shutting_down",
]);

export function isRetryable({ code }: Failure): boolean {
  return retryable.has(code);
}

const firstMs = 250;
const mostMs = 5000;

/**
 * Milliseconds before the next attempt: doubled each time, at least what the gateway requests, and
 * spread, so that clients that were cut off together do not reconnect together.
 */
export function retryPauseMs(attempts: number, { retryAfterMs = 0 }: Failure): number {
  const doubledMs = Math.min(firstMs * 2 ** attempts, mostMs);
  return Math.max(retryAfterMs, doubledMs / 2) + (Math.random() * doubledMs) / 2;
}
