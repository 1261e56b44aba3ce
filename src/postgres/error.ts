/** What PostgreSQL and its connection report, as failures: by code, never by text. */

import { DrizzleQueryError } from "drizzle-orm/errors";
import { Failure } from "../core/failure.ts";
import { errorCode } from "./error-code.ts";

/** Classes of SQLSTATE after which the same statement may succeed later. */
const retryableClasses: Readonly<Record<string, string>> = {
  // The server did not see the statement, or its answer was lost with the connection.
  "08": "its connection failed",
  // Everything was rolled back because another transaction came first: a deadlock, a serialisation failure.
  "40": "another transaction was in the way",
  // They pass once space, memory or connections are released.
  "53": "it is out of disk space, memory or connections",
  // The statement was cancelled by a limit or an operator, or the server is stopping or starting.
  "57": "it gave up the statement, or is shutting down or starting up",
  // The file system below the server failed: it may be mounted again, or another server take over.
  "58": "its disk failed",
};

/** Codes that differ from the rest of their class. */
const retryableCodes: Readonly<Record<string, string>> = {
  // A standby before it is promoted. The rest of class 25 is a misuse of transactions by this program.
  "25006": "it is read-only for now",
  // The server ended a transaction that this node left idle for too long: it was rolled back.
  "25P03": "it ended an idle transaction",
  "25P04": "it ended a long transaction",
  // A lock was not released within lock_timeout. The rest of class 55 needs the object to be changed.
  "55P03": "a lock was not released in time",
};

const unreachable = "it cannot be reached";

/** Codes of postgres.js and of sockets; `E…` names of the operating system are recognised by form. */
const connectionCodes: ReadonlySet<string> = new Set([
  "CONNECTION_CLOSED",
  "CONNECTION_ENDED",
  "CONNECTION_DESTROYED",
  "CONNECT_TIMEOUT",
  "ERR_SOCKET_CLOSED",
  "ERR_STREAM_DESTROYED",
  "ERR_STREAM_WRITE_AFTER_END",
]);

/** Why the same statement may succeed later; undefined where it would only fail again. */
export function retryReason(error: unknown): string | undefined {
  const code = errorCode(error) ?? "";
  if (connectionCodes.has(code) || /^E(AI_)?[A-Z]+$/.test(code)) return unreachable;
  if (!/^[0-9A-Z]{5}$/.test(code)) return undefined;
  return retryableCodes[code] ?? retryableClasses[code.slice(0, 2)];
}

/** `unavailable` where the statement may succeed later; otherwise `internal` with the cause. */
export function storeFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  // Drizzle's own message repeats the statement with all its values.
  const cause = error instanceof DrizzleQueryError ? error.cause : error;
  if (retryReason(error) === undefined) {
    return new Failure("internal", "The store failed", { cause });
  }
  return new Failure("unavailable", "The store is not available", { cause, retryAfterMs: 1000 });
}
