/** The client's errors: they have the gateway's failure codes, from the problem in its response. */

import { Failure, type FailureCode, failureCodes, type Issue } from "../core/failure.ts";

/**
 * `position_gone` is also thrown when a stream would continue after a gap and there is no `onReset`;
 * `unavailable` also when the gateway cannot be reached.
 */
export class SluiceError extends Failure {
  /** HTTP status of the response; undefined without one. */
  readonly status: number | undefined;

  constructor(code: FailureCode, message: string, details: SluiceErrorDetails = {}) {
    super(code, message, details);
    this.name = "SluiceError";
    this.status = details.status;
  }

  /** Whether the same request may succeed later. */
  get retryable(): boolean {
    return retryable[this.code];
  }
}

export interface SluiceErrorDetails {
  readonly errors?: readonly Issue[];
  readonly position?: string;
  readonly retryAfterMs?: number;
  readonly status?: number;
  readonly cause?: unknown;
}

/** Failures that may pass. `internal` is among them, because another node may not have it. */
const retryable = {
  invalid: false,
  invalid_position: false,
  unauthenticated: false,
  forbidden: false,
  not_found: false,
  method_not_allowed: false,
  conflict: false,
  incompatible: false,
  position_gone: false,
  ended: false,
  too_large: false,
  headers_too_large: false,
  unsupported_media_type: false,
  overloaded: true,
  slow_subscriber: true,
  unavailable: true,
  shutting_down: true,
  deadline_exceeded: true,
  cancelled: false,
  internal: true,
} as const satisfies Record<FailureCode, boolean>;

/** The error that a failed response describes. Reads the body. */
export async function errorFromResponse(response: Response): Promise<SluiceError> {
  const { status } = response;
  const retryAfterMs = parseRetryAfter(response.headers.get("retry-after"));
  const delay = retryAfterMs === undefined ? {} : { retryAfterMs };
  const text = await response.text();
  const problem = membersOf(text);
  // A proxy may have answered, in its own format.
  if (problem === undefined) {
    const excerpt = text.slice(0, 200).trim();
    const message = `The answer was ${status}${excerpt === "" ? "" : `: ${excerpt}`}`;
    return new SluiceError(codeFromStatus(status), message, { status, ...delay });
  }
  return errorFromMembers(problem, { status, ...delay });
}

/** A problem inside a stream: an SSE `error` event's data, a WebSocket message's member. */
export function errorFromProblem(problem: unknown): SluiceError {
  const members = typeof problem === "string" ? membersOf(problem) : problem;
  if (isMembers(members)) return errorFromMembers(members, {});
  return new SluiceError("internal", "The gateway reported a failure without saying which");
}

/** What `fetch` and sockets throw. A `SluiceError` passes as it is. */
export function errorFromThrown(error: unknown, action: string): SluiceError {
  if (error instanceof SluiceError) return error;
  return new SluiceError("unavailable", `${action}: ${describeError(error)}`, { cause: error });
}

/** With its cause: Node says "fetch failed", and why only there. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : "";
  return `${error.message}${cause}`;
}

interface Members {
  readonly [name: string]: unknown;
}

function errorFromMembers(problem: Members, details: SluiceErrorDetails): SluiceError {
  const status = typeof problem["status"] === "number" ? problem["status"] : details.status;
  const code =
    failureCodes.find((known) => known === problem["code"]) ?? codeFromStatus(status ?? 500);
  const detail = typeof problem["detail"] === "string" ? problem["detail"] : "The gateway refused";
  const { position, errors } = problem;
  return new SluiceError(code, detail, {
    ...details,
    ...(status === undefined ? {} : { status }),
    ...(typeof position === "string" ? { position } : {}),
    ...(Array.isArray(errors) ? { errors: errors.filter(isIssue) } : {}),
  });
}

/** The members of a JSON object; undefined for any other text. */
function membersOf(text: string): Members | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isMembers(value) ? value : undefined;
  } catch {
    // It is not JSON: the caller reports the text.
    return undefined;
  }
}

function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null;
}

function isIssue(value: unknown): value is Issue {
  return isMembers(value) && typeof value["message"] === "string";
}

/** The nearest code for a response without one. */
function codeFromStatus(status: number): FailureCode {
  const code = statusCodes[status];
  if (code !== undefined) return code;
  if (status === 500 || status === 501) return "internal";
  return status > 500 ? "unavailable" : "invalid";
}

const statusCodes: Readonly<Record<number, FailureCode>> = {
  401: "unauthenticated",
  403: "forbidden",
  404: "not_found",
  405: "method_not_allowed",
  408: "deadline_exceeded",
  409: "conflict",
  410: "ended",
  413: "too_large",
  415: "unsupported_media_type",
  429: "overloaded",
  431: "headers_too_large",
  504: "deadline_exceeded",
};

/** Seconds, or a date. */
function parseRetryAfter(text: string | null): number | undefined {
  if (text === null) return undefined;
  if (/^\d{1,6}$/.test(text)) return Number(text) * 1000;
  const dateMs = Date.parse(text);
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - Date.now());
}
