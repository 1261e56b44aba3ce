/** Merges stored points with the tail's, both by time. At equal times the tail's win. */

import type { SeriesPoint, Span } from "../series-port.ts";

export function mergePoints(
  stored: readonly SeriesPoint[],
  tail: readonly SeriesPoint[],
): readonly SeriesPoint[] {
  if (tail.length === 0) return stored;
  const merged: SeriesPoint[] = [];
  let at = 0;
  for (const newer of tail) {
    for (;;) {
      const older = stored[at];
      if (older === undefined || older.timeNs > newer.timeNs) break;
      if (older.timeNs < newer.timeNs) merged.push(older);
      at++;
    }
    merged.push(newer);
  }
  for (; at < stored.length; at++) {
    const older = stored[at];
    if (older !== undefined) merged.push(older);
  }
  return merged;
}

/** The same page by page. The tail's points after the last page come as a page by themselves. */
export async function* mergePages(
  pages: AsyncIterable<readonly SeriesPoint[]>,
  tail: readonly SeriesPoint[],
): AsyncGenerator<readonly SeriesPoint[], void, undefined> {
  let from = 0;
  for await (const page of pages) {
    const last = page.at(-1);
    if (last === undefined) continue;
    const to = firstAfter(tail, last.timeNs);
    yield mergePoints(page, tail.slice(from, to));
    from = to;
  }
  if (from < tail.length) yield tail.slice(from);
}

/** The points in a span. */
export function pointsWithin(
  points: readonly SeriesPoint[],
  { fromNs, toNs }: Span,
): readonly SeriesPoint[] {
  return points.slice(firstAfter(points, fromNs - 1n), firstAfter(points, toNs - 1n));
}

/** The last point before `ns`. */
export function lastBefore(points: readonly SeriesPoint[], ns: bigint): SeriesPoint | undefined {
  return points[firstAfter(points, ns - 1n) - 1];
}

/** Index of the first point that is later than `ns`. */
function firstAfter(points: readonly SeriesPoint[], ns: bigint): number {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const point = points[middle];
    if (point !== undefined && point.timeNs <= ns) low = middle + 1;
    else high = middle;
  }
  return low;
}
