/** The thread that watches the cases of another one. */

import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";
import { watched, type WatchOrder } from "./watch.ts";

const { memory, checkMs, caseMsMax, message }: WatchOrder = workerData;
const [before, after] = message;
const view = new Float64Array(memory);

setInterval(() => {
  if (Date.now() - (view[watched.beginMs] ?? 0) < caseMsMax) return;
  writeSync(2, `fuzz ${before}${view[watched.seed] ?? 0}${after}\n`);
  process.kill(process.pid, "SIGKILL");
}, checkMs);
