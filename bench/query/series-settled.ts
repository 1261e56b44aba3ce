/** What the store has of a run in the end: waited for, then counted past the gateway. */
import { sleep, systemClock as clock } from "../../src/core/clock.ts";
import { Failure } from "../../src/core/failure.ts";
import { openMeasurementRows } from "../measurement-load.ts";
import { ask } from "../../src/cli/gateway.ts";
import { embeddedUrl } from "../collect/count.ts";
import type { OnProgress } from "../measure.ts";

interface Status {
  readonly measurements: {
    readonly tail: { readonly measurements: number };
    readonly stored: { readonly rows: number };
  };
}

const pollMs = 200;
/** Without any new row for so long, what is missing will not come. */
const stalledMs = 30_000;

/**
 * Measurements of tags that begin with `prefix` in the store of a gateway that keeps its PostgreSQL
 * in `dataDir`, once nothing is on its way there any more. `wanted` is for the progress alone.
 */
export async function countStored(
  { url, dataDir }: { readonly url: string; readonly dataDir: string },
  prefix: string,
  wanted: number,
  onProgress: OnProgress,
): Promise<number> {
  await settled(url, (rows) => onProgress("storing", Math.min(rows, wanted), wanted));
  const rows = openMeasurementRows(await embeddedUrl(dataDir));
  try {
    return await rows.count(prefix);
  } finally {
    await rows.close();
  }
}

async function settled(url: string, onProgress: (rows: number) => void): Promise<void> {
  let last = -1;
  let changedMs = clock.nowMs();
  let isEmpty = false;
  for (;;) {
    const { tail, stored } = (await ask<Status>(url, "GET", "/status")).measurements;
    onProgress(stored.rows);
    if (stored.rows !== last) changedMs = clock.nowMs();
    // Twice: between two looks what came last has reached the tail, or the store.
    else if (isEmpty && tail.measurements === 0) return;
    else if (clock.nowMs() - changedMs > stalledMs) {
      throw new Failure(
        "unavailable",
        `Cannot count: ${tail.measurements} measurements have waited ${stalledMs} ms to be stored`,
      );
    }
    last = stored.rows;
    isEmpty = tail.measurements === 0;
    await sleep(clock, pollMs);
  }
}
