/** What keeps the embedded PostgreSQL from starting, as one closed set of reasons. */

import process from "node:process";

export type EmbeddedReason =
  | "unsupported" // no binaries for this platform, or they cannot run here
  | "in_use" // another gateway has the data directory
  | "unwritable" // the data directory cannot be made, written or entered
  | "disk_full"
  | "other_version" // another major version of PostgreSQL wrote the data
  | "not_a_database" // the directory holds something else, or half of a database
  | "port_taken"
  | "cancelled" // the caller's signal aborted the start
  | "unstartable"; // the server ended while it started; the message has its last words

export class EmbeddedError extends Error {
  readonly reason: EmbeddedReason;

  constructor(reason: EmbeddedReason, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "EmbeddedError";
    this.reason = reason;
  }
}

/** The `code` of a system error (`ENOENT`…), `undefined` for anything else. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** Rethrows a failed file operation as what the reader can do about it. */
export function unwritable(action: string, path: string, error: unknown): EmbeddedError {
  const code = errorCode(error) ?? String(error);
  if (code === "ENOSPC" || code === "EDQUOT") return diskFull(action, path, error);
  const who = process.getuid === undefined ? "this user" : `user id ${process.getuid()}`;
  return new EmbeddedError(
    "unwritable",
    `Cannot ${action} "${path}": ${code}, expected a directory that ${who} can write (SLUICE_DATA_DIR)`,
    error,
  );
}

export function diskFull(action: string, path: string, cause?: unknown): EmbeddedError {
  return new EmbeddedError(
    "disk_full",
    `Cannot ${action} "${path}": the disk is full, expected 200 MB free there, or another SLUICE_DATA_DIR`,
    cause,
  );
}
