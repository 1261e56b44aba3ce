/** Ends the process when a case does not end: a loop that never yields cannot be stopped from within. */

import { Worker } from "node:worker_threads";

const checkMs = 500;

/** Members of the shared memory. */
export const watched = { seed: 0, cases: 1, length: 2 } as const;

export interface CaseWatch extends Disposable {
  begin(seed: number): void;
}

export interface WatchOrder {
  readonly memory: SharedArrayBuffer;
  readonly checkMs: number;
  readonly caseMsMax: number;
  /** The message before and behind the seed. */
  readonly message: readonly [string, string];
}

/** `message` is printed with the seed of the case. */
export function watchCases(caseMsMax: number, message: (seed: string) => string): CaseWatch {
  const memory = new SharedArrayBuffer(watched.length * Float64Array.BYTES_PER_ELEMENT);
  const view = new Float64Array(memory);
  let cases = 0;
  const [before = "", after = ""] = message("\0").split("\0");
  const order: WatchOrder = { memory, checkMs, caseMsMax, message: [before, after] };
  const worker = new Worker(new URL("./watch-worker.ts", import.meta.url), { workerData: order });
  worker.unref();
  return {
    begin(seed) {
      view[watched.seed] = seed;
      view[watched.cases] = ++cases;
    },
    [Symbol.dispose]: () => void worker.terminate(),
  };
}
