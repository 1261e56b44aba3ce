/** Ctrl-C for commands that finish what they have begun, or that run until then. */
import type { Runtime } from "../../runtime/runtime.ts";
import { exitCodes } from "../command/exit-codes.ts";

export interface Interruption {
  /** Aborts with the first signal, with a closed output, or after the given time. */
  readonly stop: AbortSignal;
  /** Aborts with the second signal, or once the grace period is over: what is unfinished is dropped. */
  readonly abandon: AbortSignal;
  /** Ends the command like the time that it was given. */
  end(): void;
  /** The exit code: a signal ends a command without an end of its own as it should. */
  exitCode(isEndless: boolean): number;
}

export interface InterruptionOptions {
  /** The command ends on its own after so long; 0: it does not. */
  readonly seconds?: number;
  /** How long what is in flight may take to be acknowledged. */
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
    end,
    exitCode(isEndless) {
      if (isEndless || interruptedBy === undefined || interruptedBy === "EPIPE") {
        return exitCodes.done;
      }
      return interruptedBy === "SIGTERM" ? exitCodes.terminated : exitCodes.interrupted;
    },
  };
}
