/** Failures as RFC 9457 problem details. */

import { type Failure, type FailureCode, failureFrom, type Issue } from "../core/failure.ts";
import { challengeOf } from "./credentials/challenge.ts";

/** One status for each code, in all HTTP endpoints. */
export const httpStatus = {
  invalid: 400,
  invalid_position: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  incompatible: 409,
  position_gone: 410,
  ended: 410,
  too_large: 413,
  headers_too_large: 431,
  unsupported_media_type: 415,
  overloaded: 429,
  slow_subscriber: 408,
  unavailable: 503,
  shutting_down: 503,
  deadline_exceeded: 504,
  cancelled: 499,
  internal: 500,
} as const satisfies Record<FailureCode, number>;

const titles = {
  invalid: "The request is not valid",
  invalid_position: "The position cannot be parsed",
  unauthenticated: "Authentication required",
  forbidden: "This is not allowed",
  not_found: "Not found",
  method_not_allowed: "The method is not allowed here",
  conflict: "It exists with another configuration",
  incompatible: "The schema is not compatible",
  position_gone: "The position cannot be read from any more",
  ended: "It has ended",
  too_large: "Too large",
  headers_too_large: "The request headers are too large",
  unsupported_media_type: "The media type is not supported",
  overloaded: "Overloaded, retry later",
  slow_subscriber: "The subscriber reads too slowly",
  unavailable: "Dependency unavailable",
  shutting_down: "This node is shutting down",
  deadline_exceeded: "The deadline has passed",
  cancelled: "The request was cancelled",
  internal: "Internal error",
} as const satisfies Record<FailureCode, string>;

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: FailureCode;
  /** Where reading can start again. */
  readonly position?: string;
  readonly errors?: readonly Issue[];
}

export function problemFrom(failure: Failure): Problem {
  const { code, position, errors } = failure;
  return {
    type: `urn:sluice:problem:${code}`,
    title: titles[code],
    status: httpStatus[code],
    detail: failure.message,
    code,
    ...(position === undefined ? {} : { position }),
    ...(errors.length === 0 ? {} : { errors }),
  };
}

const failures = new WeakMap<Response, FailureCode>();

/** The code that the response shows, where `problemResponse` made it. */
export function failureOf(response: Response): FailureCode | undefined {
  return failures.get(response);
}

/** The failure of a request as its response. */
export function failureResponse(request: Request, failure: Failure): Response {
  return problemResponse(failure, failure.code === "unauthenticated" ? challengeOf(request) : {});
}

/** Any thrown value as its response. That of `internal` does not reveal its cause. */
export function problemResponse(error: unknown, headers: Record<string, string> = {}): Response {
  const failure = failureFrom(error);
  const problem = problemFrom(failure);
  const all: Record<string, string> = { "content-type": "application/problem+json", ...headers };
  if (failure.retryAfterMs !== undefined || problem.status === 503) {
    all["retry-after"] = String(Math.max(1, Math.ceil((failure.retryAfterMs ?? 1000) / 1000)));
  }
  if (failure.rateLimit !== undefined) {
    // draft-ietf-httpapi-ratelimit-headers-10: what is left, in how many seconds more; the policy.
    const { policy, quota, windowMs } = failure.rateLimit;
    all["ratelimit"] = `"${policy}";r=0;t=${all["retry-after"] ?? "1"}`;
    all["ratelimit-policy"] = `"${policy}";q=${quota};w=${windowMs / 1000}`;
  }
  const body = `${JSON.stringify(problem)}\n`;
  const response = new Response(body, { status: problem.status, headers: all });
  failures.set(response, failure.code);
  return response;
}
