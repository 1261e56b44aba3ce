/**
 * What every call has around it: failures become its status, and neither a deadline, a caller who
 * left nor a node that drains waits for a handler that does not look.
 */
import type { Interceptor } from "@connectrpc/connect";
import { ConnectError } from "@connectrpc/connect";
import { Failure, failureFrom } from "../core/failure.ts";
import type { Logger } from "../core/logger.ts";
import { connectErrorFrom } from "./status.ts";

/** `stopping` ends what the server streams; calls that have one answer are left to finish. */
export function failureInterceptor(logger: Logger, stopping: AbortSignal): Interceptor {
  return (next) => async (request) => {
    const { signal, method } = request;
    const tell = (error: unknown): ConnectError => {
      const told = signal.aborted && !isTold(error) ? abortReason(signal) : error;
      if (!isTold(told)) {
        logger("error", "A call failed", {
          service: method.parent.typeName,
          method: method.name,
          cause: causeOf(told),
        });
      }
      return connectErrorFrom(told);
    };
    try {
      const response = await unlessAborted(signal, next(request));
      if (!response.stream) return response;
      const ends = method.methodKind === "server_streaming" ? [signal, stopping] : [signal];
      return { ...response, message: told(response.message, ends, tell) };
    } catch (error) {
      throw tell(error);
    }
  };
}

async function* told<Message>(
  messages: AsyncIterable<Message>,
  ends: readonly AbortSignal[],
  tell: (error: unknown) => ConnectError,
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
      // No race of promises: the one that outlives all messages would keep something of each.
      const result = await new Promise<IteratorResult<Message>>((resolve, reject) => {
        interrupt = reject;
        iterator.next().then(resolve, reject);
      });
      if (result.done === true) return;
      yield result.value;
    }
  } catch (error) {
    throw tell(error);
  } finally {
    for (const remove of listeners) remove();
    // Not awaited: a handler that waits for something else ends when that comes.
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

/** The library aborts with the status of a deadline or a reset; a caller that left gives none. */
function abortReason(signal: AbortSignal): unknown {
  const reason: unknown = signal.reason;
  return isTold(reason) ? reason : new Failure("cancelled", "The caller went away");
}

function isTold(error: unknown): boolean {
  return error instanceof ConnectError || failureFrom(error).code !== "internal";
}

function causeOf(error: unknown): string {
  const cause = error instanceof Failure ? error.cause : error;
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}
