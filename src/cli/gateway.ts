/** Requests to a running gateway, with its problems as errors that people can read. */
import { Failure, failureCodes } from "../core/failure.ts";

/** The answer's JSON. Throws a `Failure` with the problem's words, or `unavailable`. */
export async function ask<Answer>(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  let response: Response;
  try {
    response = await fetch(`${url}${path}`, {
      method,
      ...(body === undefined
        ? { headers }
        : {
            body: JSON.stringify(body),
            headers: { "content-type": "application/json", ...headers },
          }),
    });
  } catch (error) {
    throw new Failure("unavailable", `Cannot reach ${url}: is the gateway running?`, {
      cause: error,
    });
  }
  const text = await response.text();
  if (response.ok) return (text === "" ? undefined : JSON.parse(text)) as Answer;
  throw failureFromProblem(response, text);
}

/** An answer that is none of the wanted, with its body. */
export function failureFromProblem({ status, headers }: Response, text: string): Failure {
  try {
    const problem = JSON.parse(text) as { code?: string; detail?: string };
    const code = failureCodes.find((known) => known === problem.code) ?? "internal";
    const retryAfterMs = Number(headers.get("retry-after") ?? Number.NaN) * 1000;
    return new Failure(
      code,
      problem.detail ?? `The gateway answered ${status}`,
      retryAfterMs > 0 ? { retryAfterMs } : {},
    );
  } catch {
    // Something between here and the gateway answered, in words of its own.
    return new Failure("internal", `The gateway answered ${status}: ${text.slice(0, 200)}`);
  }
}
