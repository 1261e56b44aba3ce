/** The last hour of nodes, in columns that share one axis of time. */

import { everyMs, type Point, type PointRow, pointsMax } from "./node.ts";

/** A bounded ring of this node's own points: they are there while the store is not. */
export class OwnPoints {
  readonly #points: PointRow[] = [];

  add(row: PointRow): void {
    this.#points.push(row);
    if (this.#points.length > pointsMax) this.#points.shift();
  }

  /** At or after this time, the oldest first. */
  since(ms: number): readonly PointRow[] {
    return this.#points.filter(({ atMs }) => atMs >= ms);
  }
}

type Rates = Omit<Point, "refused">;

export type Columns = { readonly [Name in keyof Rates]: readonly (number | null)[] } & {
  /** By failure code. */
  readonly refused: Readonly<Record<string, readonly (number | null)[]>>;
};

/** Times of the axis: the ends of spans from the first one at or after `sinceMs` until `untilMs`. */
export function axis(
  sinceMs: number,
  untilMs: number,
): { readonly fromMs: number; readonly count: number } {
  const lastMs = Math.floor(untilMs / everyMs) * everyMs;
  const fromMs = Math.max(
    Math.ceil(sinceMs / everyMs) * everyMs,
    lastMs - (pointsMax - 1) * everyMs,
  );
  return { fromMs, count: Math.max(0, (lastMs - fromMs) / everyMs + 1) };
}

/** A span of which nothing is known is null in each column, never zero. */
export function columnsOf(
  rows: readonly PointRow[],
  { fromMs, count }: { readonly fromMs: number; readonly count: number },
): Columns {
  const points: (Point | undefined)[] = Array.from({ length: count });
  for (const { atMs, point } of rows) {
    const place = (atMs - fromMs) / everyMs;
    if (Number.isInteger(place) && place >= 0 && place < count) points[place] = point;
  }
  const column = (of: (point: Point) => number | null) =>
    points.map((point) => (point === undefined ? null : of(point)));
  const codes = new Set(points.flatMap((point) => Object.keys(point?.refused ?? {})));
  return {
    recordsIn: column((point) => point.recordsIn),
    bytesIn: column((point) => point.bytesIn),
    recordsOut: column((point) => point.recordsOut),
    bytesOut: column((point) => point.bytesOut),
    subscribers: column((point) => point.subscribers),
    lagS: column((point) => point.lagS),
    lagEntries: column((point) => point.lagEntries),
    memoryBytes: column((point) => point.memoryBytes),
    loopDelayMs: column((point) => point.loopDelayMs),
    refused: Object.fromEntries(
      [...codes].toSorted().map((code) => [code, column(({ refused }) => refused[code] ?? 0)]),
    ),
  };
}
