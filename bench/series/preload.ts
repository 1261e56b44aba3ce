/** Fills a store before it is queried, with what the simulated producer writes in most of a day. */

import type { SimulatedSeries } from "../../src/cli/simulate/measurements-series.ts";
import {
  type Measurement,
  valuesFromNumbers,
} from "../../src/features/measurements/measurement.ts";
import { embeddedUrl } from "../log.ts";
import { openMeasurementRows } from "./rows.ts";

/** Rows are laid out as by a gateway's batches. */
const batchRows = 10_000;
const connections = 2;

export interface PreloadOptions {
  readonly dataDir: string;
  readonly series: SimulatedSeries;
  readonly count: number;
  /** Time of the first measurement; `toNs`: later than the last one. */
  readonly fromNs: bigint;
  readonly toNs: bigint;
}

/** Writes rows into the PostgreSQL in `dataDir`, bypassing the log. Resolves when all are stored. */
export async function preload(
  { dataDir, series, count, fromNs, toNs }: PreloadOptions,
  onProgress: (done: number) => void,
): Promise<void> {
  const rows = openMeasurementRows(await embeddedUrl(dataDir));
  let next = 0;
  let done = 0;
  const stepNs = Number(toNs - fromNs) / count;
  const connection = async () => {
    while (next < count) {
      const first = next;
      next = Math.min(count, first + batchRows);
      const batch: Measurement[] = [];
      for (let n = first; n < next; n++) {
        const { tag, values } = series.next();
        const timeNs = fromNs + BigInt(Math.floor(n * stepNs));
        batch.push({ tag, timeNs, values: valuesFromNumbers(values) });
      }
      await rows.load(batch);
      onProgress((done += batch.length));
    }
  };
  try {
    await Promise.all(Array.from({ length: connections }, connection));
  } finally {
    await rows.close();
  }
}
