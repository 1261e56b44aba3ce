/**
 * Wraps every call: failures become its status, and a deadline, a caller who left or a draining node
 * ends it even if its handler ignores the signal.
 */

import type { ConnectError, Interceptor } from "@connectrpc/connect";
import { Failure } from "../core/failure.ts";
import type { Logger } from "../core/logger.ts";
import { connectErrorFrom } from "./status.ts";
import { abortReason, isExpected, unlessAborted, untilAborted } from "./until-aborted.ts";

/** `stopping` ends server streams; calls with one answer may finish. */
export function failureInterceptor(logger: Logger, stopping: AbortSignal): Interceptor {
  return (next) => async (request) => {
    const { signal, method } = request;
    const report = (error: unknown): ConnectError => {
      const cause = signal.aborted && !isExpected(error) ? abortReason(signal) : error;
      if (!isExpected(cause)) {
        logger("error", "call failed", {
          service: method.parent.typeName,
          method: method.name,
          cause: describeCause(cause),
        });
      }
      return connectErrorFrom(cause);
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

/** Any thrown value as the status that the caller sees; a fault of the gateway is logged. */
export function reportedStatus(error: unknown, logger: Logger, path: string): ConnectError {
  if (!isExpected(error)) logger("error", "call failed", { path, cause: describeCause(error) });
  return connectErrorFrom(error);
}

function describeCause(error: unknown): string {
  const cause = error instanceof Failure ? error.cause : error;
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}
