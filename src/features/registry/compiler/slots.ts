/** Few at once, some in line, and the rest refused. */
import { Failure } from "../../../core/failure.ts";

export interface Slots {
  /** Resolves when it is this caller's turn; disposing gives the slot on. Throws `overloaded`. */
  take(): Promise<Disposable>;
}

export function createSlots(runningMax: number, waitingMax: number): Slots {
  let running = 0;
  const line: (() => void)[] = [];
  const slot: Disposable = {
    [Symbol.dispose]() {
      const next = line.shift();
      if (next === undefined) running -= 1;
      else next();
    },
  };
  return {
    async take() {
      if (running < runningMax) {
        running += 1;
        return slot;
      }
      if (line.length >= waitingMax) {
        throw new Failure(
          "overloaded",
          `Cannot compile the schema now: ${line.length} others are waiting, at most ${waitingMax} may`,
          { retryAfterMs: 1000 },
        );
      }
      await new Promise<void>((resolve) => line.push(resolve));
      return slot;
    },
  };
}
