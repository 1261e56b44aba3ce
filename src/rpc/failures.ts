/**
 * Wraps every call: failures become its status, and a deadline, a caller who left or a draining node
 * ends it even if its handler ignores the signal.
 */

import type { ConnectError, Interceptor } from "@connectrpc/connect";
import { Failure } from "../core/failure.ts";
import type { Logger } from "../core/logger.ts";
import { newRequestId, requestIdHeader, usableRequestId } from "../core/trace/request-id.ts";
import { connectErrorFrom } from "./status.ts";
import { abortReason, isExpected, unlessAborted, untilAborted } from "./until-aborted.ts";

/** `stopping` ends server streams; calls with one answer may finish. */
export function failureInterceptor(logger: Logger, stopping: AbortSignal): Interceptor {
  return (next) => async (request) => {
    const { signal, method, header } = request;
    const report = (error: unknown): ConnectError => {
      const cause = signal.aborted && !isExpected(error) ? abortReason(signal) : error;
      const call = { service: method.parent.typeName, method: method.name };
      return reported(cause, logger, call, header.get(requestIdHeader));
    };
    try {
      const response = await unlessAborted(signal, next(request));
      if (!response.stream) return response;
      const ends = method.methodKind === "server_streaming" ? [signal, stopping] : [signal];
      return { ...response, message: untilAborted(response.message, ends, report) };
    } catch (error) {
      throw report(error);
    }
  };
}

/**
 * Any thrown value as the status that the caller sees; a fault of the gateway is logged. `requestId`: the
 * one that the call brought.
 */
export function reportedStatus(
  error: unknown,
  logger: Logger,
  path: string,
  requestId: string | null | undefined,
): ConnectError {
  return reported(error, logger, { path }, requestId);
}

/** The log line and the answer have the same id. */
function reported(
  error: unknown,
  logger: Logger,
  call: Readonly<Record<string, string>>,
  given: string | null | undefined,
): ConnectError {
  const status = connectErrorFrom(error);
  if (isExpected(error)) return status;
  const id = usableRequestId(given) ?? newRequestId();
  logger("error", "call failed", { ...call, request_id: id, cause: describeCause(error) });
  status.metadata.set(requestIdHeader, id);
  return status;
}

function describeCause(error: unknown): string {
  const cause = error instanceof Failure ? error.cause : error;
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}
