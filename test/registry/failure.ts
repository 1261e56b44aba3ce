import { Failure } from "../../src/core/failure.ts";

/** The failure that `run` throws; anything else is thrown on. */
export function failureOf(run: () => unknown): Failure {
  try {
    run();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}
