/** As-of samples: at each instant the last point at or before it. */

import type { SeriesPoint } from "../series-port.ts";

/** `count` instants that divide a range evenly and end with it: `start + i·(end − start)/count`, floored. */
export function sampleInstants(startNs: bigint, endNs: bigint, count: number): bigint[] {
  const range = endNs - startNs;
  const parts = BigInt(count);
  return Array.from({ length: count }, (_, i) => startNs + (BigInt(i + 1) * range) / parts);
}

/** For each instant the last point at or before it, or undefined. Both are sorted by time. */
export function asOfJoin(
  points: readonly SeriesPoint[],
  instants: readonly bigint[],
): (SeriesPoint | undefined)[] {
  let at = 0;
  return instants.map((instant) => {
    for (;;) {
      const next = points[at];
      if (next === undefined || next.timeNs > instant) return points[at - 1];
      at++;
    }
  });
}
