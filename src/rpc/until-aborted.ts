/** What a call waits for, until a signal ends it: also where its handler ignores the signal. */

import { ConnectError } from "@connectrpc/connect";
import { Failure, failureFrom } from "../core/failure.ts";

/** The messages, until the stream ends or one of the signals aborts. `report` maps what is thrown. */
export async function* untilAborted<Message>(
  messages: AsyncIterable<Message>,
  ends: readonly AbortSignal[],
  report: (error: unknown) => unknown = (error) => error,
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

export async function unlessAborted<T>(signal: AbortSignal, result: Promise<T>): Promise<T> {
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
export function abortReason(signal: AbortSignal): unknown {
  const reason: unknown = signal.reason;
  return isExpected(reason) ? reason : new Failure("cancelled", "The caller went away");
}

/** Whether the caller may see it; anything else is a fault of the gateway, which is logged. */
export function isExpected(error: unknown): boolean {
  return error instanceof ConnectError || failureFrom(error).code !== "internal";
}
