/** Ctrl-C for commands that finish what they have begun, or that run until then. */

import type { Runtime } from "../../runtime/runtime.ts";
import { exitCodes } from "../command/exit-codes.ts";

export interface Interruption {
  /** Aborts with the first signal, with a closed output, or after the given time. */
  readonly stop: AbortSignal;
  /** Aborts with the second signal, or when the grace period is over: unfinished work is dropped. */
  readonly abandon: AbortSignal;
  /** An endless command is done when a signal ends it; any other was interrupted. */
  exitCode(isEndless: boolean): number;
}

export interface InterruptionOptions {
  /** After how many seconds the command ends on its own; 0: never. */
  readonly seconds?: number;
  /** How long records in flight may take to be acknowledged. */
  readonly graceMs?: number;
}

export function listenForStop(
  runtime: Runtime,
  { seconds = 0, graceMs = 0 }: InterruptionOptions = {},
): Interruption {
  const stop = new AbortController();
  const abandon = new AbortController();
  let interruptedBy: string | undefined;
  const end = () => {
    if (stop.signal.aborted) return;
    stop.abort();
    setTimeout(() => abandon.abort(), graceMs).unref();
  };
  runtime.onStop((signal) => {
    if (stop.signal.aborted) return abandon.abort();
    interruptedBy = signal;
    end();
  });
  if (seconds > 0) setTimeout(end, seconds * 1000).unref();
  return {
    stop: stop.signal,
    abandon: abandon.signal,
    exitCode(isEndless) {
      if (isEndless || interruptedBy === undefined || interruptedBy === "EPIPE") {
        return exitCodes.done;
      }
      return interruptedBy === "SIGTERM" ? exitCodes.terminated : exitCodes.interrupted;
    },
  };
}
