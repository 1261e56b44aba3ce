/** Waits until a run is stored, then counts its rows without the gateway. */

import { request } from "../../src/cli/gateway/request.ts";
import { sleep, systemClock as clock } from "../../src/core/clock.ts";
import { Failure } from "../../src/core/failure.ts";
import { embeddedUrl } from "../log.ts";
import type { OnProgress } from "../runs.ts";
import { openMeasurementRows } from "./rows.ts";

interface Status {
  readonly measurements: {
    readonly tail: { readonly measurements: number };
    readonly stored: { readonly rows: number };
  };
}

const pollMs = 200;
/** After so long without a new row, missing measurements are lost. */
const stalledMs = 30_000;

/**
 * Number of stored measurements whose tag begins with `prefix`, once nothing is left to be stored.
 * `dataDir` contains the gateway's PostgreSQL; `expected` is only for the progress display.
 */
export async function countStored(
  { url, dataDir }: { readonly url: string; readonly dataDir: string },
  prefix: string,
  expected: number,
  onProgress: OnProgress,
): Promise<number> {
  await settled(url, (rows) => onProgress("storing", Math.min(rows, expected), expected));
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
    const { tail, stored } = (await request<Status>(url, "GET", "/status")).measurements;
    onProgress(stored.rows);
    if (stored.rows !== last) changedMs = clock.nowMs();
    // Checked twice, so that the last measurements have reached the tail or the store.
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
