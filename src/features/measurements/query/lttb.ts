/**
 * Largest-Triangle-Three-Buckets (Steinarsson 2013): picks the points that preserve the shape of a
 * line. Over long ranges its input is only each bucket's first, smallest, largest and last point, as
 * in MinMaxLTTB (Van Der Donckt et al. 2023), so that the time is bounded by the number of buckets
 * and every picked point is a real one.
 */

export interface PlotPoint {
  readonly timeNs: bigint;
  readonly value: number;
}

/** Picks `count` of the points, which are sorted by time; all if there are no more. Keeps both ends. */
export function lttb(points: readonly PlotPoint[], count: number): PlotPoint[] {
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined || points.length <= count) return [...points];
  if (count === 1) return [first];
  const picked = [first];
  const inner = points.length - 2;
  const buckets = count - 2;
  let before = first;
  for (let bucket = 0; bucket < buckets; bucket++) {
    const from = 1 + Math.floor((bucket * inner) / buckets);
    const to = 1 + Math.floor(((bucket + 1) * inner) / buckets);
    const nextTo = 1 + Math.floor(((bucket + 2) * inner) / buckets);
    const after =
      bucket === buckets - 1 ? center([last], first) : center(points.slice(to, nextTo), first);
    before = largest(points.slice(from, to), before, after, first) ?? before;
    picked.push(before);
  }
  picked.push(last);
  return picked;
}

interface Center {
  /** Nanoseconds after the first point. */
  readonly x: number;
  readonly y: number;
}

function center(points: readonly PlotPoint[], origin: PlotPoint): Center {
  let x = 0;
  let y = 0;
  for (const point of points) {
    x += Number(point.timeNs - origin.timeNs) / points.length;
    y += point.value / points.length;
  }
  return { x, y };
}

function largest(
  points: readonly PlotPoint[],
  before: PlotPoint,
  after: Center,
  origin: PlotPoint,
): PlotPoint | undefined {
  const beforeX = Number(before.timeNs - origin.timeNs);
  let found: PlotPoint | undefined;
  let areaMax = -1;
  for (const point of points) {
    const x = Number(point.timeNs - origin.timeNs);
    // Scaled down, because differences of the largest numbers would not be finite.
    const area = Math.abs(
      (beforeX - after.x) * (point.value / 4 - before.value / 4) -
        (beforeX - x) * (after.y / 4 - before.value / 4),
    );
    // The first point of the bucket, where all areas overflow.
    if (found === undefined || area > areaMax) {
      found = point;
      areaMax = area;
    }
  }
  return found;
}
