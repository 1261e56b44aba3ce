import { Failure } from "../../core/failure.ts";

/** What the file system or a package throws while a file is read, as a failure with its message. */
export function readFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new Failure("invalid", message, { cause: error });
}
