/** Another client of a node, which measures how long the node keeps it waiting. */

import { ask } from "./http.ts";
import { pause } from "./until.ts";

/** Asks `/livez` every 10 ms while `work` runs; the longest answer in milliseconds. */
export async function longestWaitMs(url: string, work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let isOver = false;
  const asking = (async () => {
    while (!isOver) {
      const startMs = performance.now();
      await ask("GET", `${url}/livez`, { msMax: 60_000 });
      longest = Math.max(longest, performance.now() - startMs);
      await pause(10);
    }
  })();
  try {
    await work();
  } finally {
    isOver = true;
    await asking;
  }
  return longest;
}
