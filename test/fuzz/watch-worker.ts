/** The thread that watches the cases of another one. */

import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";
import { watched, type WatchOrder } from "./watch.ts";

const { memory, checkMs, caseMsMax, message }: WatchOrder = workerData;
const [before, after] = message;
const view = new Float64Array(memory);

let seen: number | undefined;
let ranMs = 0;

// Its own turns are counted and not the time: a process may be suspended in the middle of a case.
setInterval(() => {
  ranMs = seen === view[watched.cases] ? ranMs + checkMs : 0;
  seen = view[watched.cases];
  if (ranMs < caseMsMax) return;
  writeSync(2, `fuzz ${before}${view[watched.seed] ?? 0}${after}\n`);
  process.kill(process.pid, "SIGKILL");
}, checkMs);
