/** The reasons why the embedded PostgreSQL does not start, as one closed set. */

import process from "node:process";
import { errorCode } from "../error-code.ts";

export type EmbeddedReason =
  | "unsupported" // no binaries for this platform, or they cannot run here
  | "in_use" // another gateway has the data directory
  | "unwritable" // the data directory cannot be created, written or entered
  | "disk_full"
  | "other_version" // another major version of PostgreSQL wrote the data
  | "not_a_database" // the directory contains something else, or half a database
  | "port_taken"
  | "cancelled" // the caller's signal aborted the start
  | "unstartable"; // the server ended while it started; the message contains its last error

export class EmbeddedError extends Error {
  readonly reason: EmbeddedReason;

  constructor(reason: EmbeddedReason, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "EmbeddedError";
    this.reason = reason;
  }
}

/** A failed file operation as an error that says what to do about it. */
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
