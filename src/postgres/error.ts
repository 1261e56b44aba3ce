/** What PostgreSQL and its connection report, as failures; by code, never by text. */
import { DrizzleQueryError } from "drizzle-orm/errors";
import { Failure } from "../core/failure.ts";

/** SQLSTATE classes after which the same statement may well succeed later. */
const unavailableClasses: ReadonlySet<string> = new Set([
  "08", // the connection broke
  "40", // serialisation failure, deadlock
  "53", // disk full, out of memory, too many connections
  "57", // shut down by an administrator, starting up, statement timeout
  "58", // an I/O error below the server
]);

const unavailableCodes: ReadonlySet<string> = new Set([
  "25006", // read-only: a standby, before it is promoted
  "55P03", // lock timeout
  // postgres.js
  "CONNECTION_CLOSED",
  "CONNECTION_ENDED",
  "CONNECTION_DESTROYED",
  "CONNECT_TIMEOUT",
  // The operating system and the name service
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ENOENT", // a Unix socket whose server is away
  "ERR_SOCKET_CLOSED",
]);

/** `unavailable` when the store is away; otherwise `internal` with the cause. */
export function storeFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const code = errorCode(error);
  // Drizzle's own message repeats the statement with all its values.
  const cause = error instanceof DrizzleQueryError ? error.cause : error;
  if (code !== undefined && isUnavailable(code)) {
    return new Failure("unavailable", "The store is not available", {
      cause,
      retryAfterMs: 1000,
    });
  }
  return new Failure("internal", "The store failed", { cause });
}

/** The SQLSTATE or system code; Drizzle wraps the driver's error as a cause. */
export function errorCode(error: unknown): string | undefined {
  for (let e = error; e instanceof Error; e = e.cause) {
    if ("code" in e && typeof e.code === "string" && e.code !== "") return e.code;
    if (e instanceof AggregateError && e.errors[0] instanceof Error) return errorCode(e.errors[0]);
  }
  return undefined;
}

function isUnavailable(code: string): boolean {
  if (unavailableCodes.has(code)) return true;
  return /^[0-9A-Z]{5}$/.test(code) && unavailableClasses.has(code.slice(0, 2));
}
