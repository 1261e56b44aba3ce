/**
 * Wraps every call: failures become its status, and a deadline, a caller who left or a draining node
 * ends it even if its handler ignores the signal.
 */

import type { Interceptor } from "@connectrpc/connect";
import { ConnectError } from "@connectrpc/connect";
import { Failure, failureFrom } from "../core/failure.ts";
import type { Logger } from "../core/logger.ts";
import { connectErrorFrom } from "./status.ts";

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

/** The messages, until the stream ends or one of the signals aborts. */
async function* untilAborted<Message>(
  messages: AsyncIterable<Message>,
  ends: readonly AbortSignal[],
  report: (error: unknown) => ConnectError,
): AsyncGenerator<Message> {
  const iterator = messages[Symbol.asyncIterator]();
  let interrupt: ((reason: unknown) => void) | undefined;
  const listeners = ends.map((signal) => {
    const listener = () => interrupt?.(abortReason(signal));
    signal.addEventListener("abort", listener, { once: true });
    return () => signal.removeEventListener("abort", listener);
  });
  try {
    for (;;) {
      const ended = ends.find((signal) => signal.aborted);
      if (ended !== undefined) throw abortReason(ended);
      // No `Promise.race`: the promise that outlives all messages would retain something of each.
      const result = await new Promise<IteratorResult<Message>>((resolve, reject) => {
        interrupt = reject;
        iterator.next().then(resolve, reject);
      });
      if (result.done === true) return;
      yield result.value;
    }
  } catch (error) {
    throw report(error);
  } finally {
    for (const remove of listeners) remove();
    // Not awaited: the handler may be waiting for something that comes much later.
    iterator.return?.().catch(() => {});
  }
}

async function unlessAborted<T>(signal: AbortSignal, result: Promise<T>): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const listener = () => aborted.reject(abortReason(signal));
  if (signal.aborted) listener();
  else signal.addEventListener("abort", listener, { once: true });
  try {
    return await Promise.race([result, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", listener);
  }
}

/** The library aborts with the status of a deadline or a reset; a caller who left gives no reason. */
function abortReason(signal: AbortSignal): unknown {
  const reason: unknown = signal.reason;
  return isExpected(reason) ? reason : new Failure("cancelled", "The caller went away");
}

/** Whether the caller may see it; anything else is a fault of the gateway, which is logged. */
function isExpected(error: unknown): boolean {
  return error instanceof ConnectError || failureFrom(error).code !== "internal";
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
