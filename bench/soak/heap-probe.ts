/**
 * Preloaded into the gateway that `sluice bench soak` measures: at SIGUSR2 it collects garbage and
 * writes what is alive to the file that the variable names. Between two signals it does nothing.
 */

import { fullGC, heapStats } from "bun:jsc";
import { renameSync, writeFileSync } from "node:fs";

export const heapFileVariable = "BENCH_HEAP_FILE";

/** What is alive after a collection. */
export interface Heap {
  /** Bytes of objects, and of what they own outside of the heap. */
  readonly liveBytes: number;
  /** Number of live objects of each class. */
  readonly objects: Readonly<Record<string, number>>;
}

const file = process.env[heapFileVariable];

if (file !== undefined) {
  process.on("SIGUSR2", () => {
    fullGC();
    const { heapSize, objectTypeCounts } = heapStats();
    const heap: Heap = { liveBytes: heapSize, objects: objectTypeCounts };
    // The reader finds a whole file or none.
    writeFileSync(`${file}.part`, JSON.stringify(heap));
    renameSync(`${file}.part`, file);
  });
}
