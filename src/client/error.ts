/** What the client throws: the gateway's failure codes, as the problem in an answer gives them. */
import { Failure, failureCodes, type FailureCode, type Issue } from "../core/failure.ts";

/**
 * `position_gone` is also thrown when a stream goes on after a gap and nobody said what to do about
 * it; `unavailable` when the gateway cannot be reached at all.
 */
export class SluiceError extends Failure {
  /** The answer's HTTP status; undefined when there was none. */
  readonly status: number | undefined;

  constructor(code: FailureCode, message: string, details: SluiceErrorDetails = {}) {
    super(code, message, details);
    this.name = "SluiceError";
    this.status = details.status;
  }

  /** Whether the same request may well succeed later. */
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

/** What time alone can mend. `internal` is among them: one node's trouble is not another's. */
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

/** An answer that is no success, as the error it tells. Reads the body. */
export async function errorFromResponse(response: Response): Promise<SluiceError> {
  const { status } = response;
  const retryAfterMs = parseRetryAfter(response.headers.get("retry-after"));
  const waits = retryAfterMs === undefined ? {} : { retryAfterMs };
  const text = await response.text();
  const problem = membersOf(text);
  // Something between here and the gateway may have answered, in words of its own.
  if (problem === undefined) {
    const said = text.slice(0, 200).trim();
    const message = `The answer was ${status}${said === "" ? "" : `: ${said}`}`;
    return new SluiceError(codeFromStatus(status), message, { status, ...waits });
  }
  return errorFromMembers(problem, { status, ...waits });
}

/** A problem inside a stream: an SSE `error` event's data, a WebSocket message's member. */
export function errorFromProblem(problem: unknown): SluiceError {
  const members = typeof problem === "string" ? membersOf(problem) : problem;
  if (isMembers(members)) return errorFromMembers(members, {});
  return new SluiceError("internal", "The gateway told of a failure, but not of which");
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

/** Of a JSON object's text; undefined when it is none. */
function membersOf(text: string): Members | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isMembers(value) ? value : undefined;
  } catch {
    // It is not JSON: the caller says what it was.
    return undefined;
  }
}

function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null;
}

function isIssue(value: unknown): value is Issue {
  return isMembers(value) && typeof value["message"] === "string";
}

/** The nearest code for an answer that names none. */
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
