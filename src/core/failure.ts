/**
 * What can go wrong, as one closed set. Each protocol maps the set exhaustively in its own folder
 * (`src/http/problem.ts`, `src/rpc/status.ts`); the message is public, the cause is never sent.
 */

export const failureCodes = [
  "invalid", // a field or body is not what is expected
  "invalid_position", // a position token that does not parse
  "unauthenticated",
  "forbidden",
  "not_found",
  "method_not_allowed",
  "conflict", // exists with another configuration
  "incompatible", // a schema that breaks its subject's compatibility
  "position_gone", // trimmed, of an earlier epoch, or past the end
  "ended", // the emitter or topic has ended
  "too_large", // a body, record or batch past its limit
  "headers_too_large",
  "unsupported_media_type",
  "overloaded", // a bound is reached; retry later
  "slow_subscriber", // did not read what it was sent in time
  "unavailable", // the log or the store does not answer; retry later
  "shutting_down", // this node drains; another one can serve
  "deadline_exceeded",
  "cancelled", // the caller went away
  "internal",
] as const;

export type FailureCode = (typeof failureCodes)[number];

/** One refused field or record; `index` counts records of a batch from 0. */
export interface Issue {
  readonly index?: number;
  readonly field: string;
  readonly code: FailureCode;
  readonly message: string;
}

export interface FailureDetails {
  readonly errors?: readonly Issue[];
  /** Token where reading can start again, for `position_gone`, `slow_subscriber`, `shutting_down`. */
  readonly position?: string;
  readonly retryAfterMs?: number;
  readonly rateLimit?: RateLimit;
  readonly cause?: unknown;
}

/** A caller's limit that was reached. */
export interface RateLimit {
  /** What is limited, such as `requests`. */
  readonly policy: string;
  readonly quota: number;
  readonly windowMs: number;
}

/** Thrown where a caller's request cannot be fulfilled, with what the caller may know. */
export class Failure extends Error {
  readonly code: FailureCode;
  readonly errors: readonly Issue[];
  readonly position: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly rateLimit: RateLimit | undefined;

  constructor(code: FailureCode, message: string, details: FailureDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "Failure";
    this.code = code;
    this.errors = details.errors ?? [];
    this.position = details.position;
    this.retryAfterMs = details.retryAfterMs;
    this.rateLimit = details.rateLimit;
  }
}

/** The failure of a request with one wrong field, which gets the same message. */
export function invalidField(
  field: string,
  message: string,
  code: FailureCode = "invalid",
): Failure {
  return new Failure(code, message, { errors: [{ field, code, message }] });
}

export function invalidIssue(field: string, message: string): Issue {
  return { field, code: "invalid", message };
}

/** Longer values are cut in messages, because a caller decides how long they are. */
const quotedCharsMax = 100;

/** A value from outside for a message: JSON, escaped and bounded. */
export function quoted(value: unknown): string {
  const isText = typeof value === "string";
  const text = isText ? value : (JSON.stringify(value) ?? String(value));
  const short = text.length > quotedCharsMax ? `${text.slice(0, quotedCharsMax)}…` : text;
  return isText ? JSON.stringify(short) : short;
}

/** A failure as it is; any other error becomes `internal`, with the original as its cause. */
export function failureFrom(error: unknown): Failure {
  if (error instanceof Failure) return error;
  return new Failure("internal", "The gateway failed to answer this request", { cause: error });
}
