import { Failure } from "../../core/failure.ts";

/** More attempts than there can be nodes that change one subject at the same time. */
const attemptsMax = 50;

/**
 * Repeats a decision that was made on a state of the subject which another node has changed since.
 * `action` names it in the failure `overloaded`, which is thrown when that happens too often.
 */
export async function retryWhileChanged<Result>(
  action: string,
  attempt: () => Promise<Result | "changed">,
): Promise<Result> {
  for (let attempts = 0; attempts < attemptsMax; attempts++) {
    const result = await attempt();
    if (result !== "changed") return result;
  }
  throw new Failure("overloaded", `${action}: others changed it ${attemptsMax} times meanwhile`, {
    retryAfterMs: 1000,
  });
}
