/** Codes of errors, which decide; texts never do. */

import { Failure } from "../core/failure.ts";

/** SQLSTATE of an insert that met an equal key. */
export const uniqueViolation = "23505";

/** The SQLSTATE or system code. Drizzle and `Failure` wrap the driver's error as their cause. */
export function errorCode(error: unknown): string | undefined {
  for (let e = error; e instanceof Error; e = e.cause) {
    if (e instanceof Failure) continue;
    if ("code" in e && typeof e.code === "string" && e.code !== "") return e.code;
    if (e instanceof AggregateError && e.errors[0] instanceof Error) return errorCode(e.errors[0]);
  }
  return undefined;
}
