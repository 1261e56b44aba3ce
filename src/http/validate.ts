/** Bodies against their schema. */
import type { z } from "zod";
import { Failure } from "../core/failure.ts";

/** The parsed body, or `invalid` with an issue for each field that is not what is expected. */
export function parseWith<Output>(schema: z.ZodType<Output>, given: unknown): Output {
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const errors = result.error.issues.map((issue) => {
    const field = `/${issue.path.join("/")}`;
    return { field, code: "invalid" as const, message: `${field}: ${issue.message}` };
  });
  const first = errors[0]?.message ?? "it is not what is expected";
  throw new Failure("invalid", `Cannot use the body: ${first}`, { errors });
}
