/** Requests to a running gateway, with its problems as errors that people can read. */
import { Failure, failureCodes } from "../core/failure.ts";

/** The answer's JSON. Throws a `Failure` with the problem's words, or `unavailable`. */
export async function ask<Answer>(
  url: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer> {
  let response: Response;
  try {
    response = await fetch(`${url}${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
  } catch (error) {
    throw new Failure("unavailable", `Cannot reach ${url}: is the gateway running?`, {
      cause: error,
    });
  }
  const text = await response.text();
  if (response.ok) return (text === "" ? undefined : JSON.parse(text)) as Answer;
  throw failureFromProblem(response.status, text);
}

function failureFromProblem(status: number, text: string): Failure {
  try {
    const problem = JSON.parse(text) as { code?: string; detail?: string };
    const code = failureCodes.find((known) => known === problem.code) ?? "internal";
    return new Failure(code, problem.detail ?? `The gateway answered ${status}`);
  } catch {
    // Something between here and the gateway answered, in words of its own.
    return new Failure("internal", `The gateway answered ${status}: ${text.slice(0, 200)}`);
  }
}
