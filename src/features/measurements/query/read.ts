/** Reads cells of a series from one snapshot of the store, and the tail that was read before it. */

import type { Failure } from "../../../core/failure.ts";
import { invalidField } from "../../../core/failure.ts";
import {
  type Level,
  levels,
  type Rollup,
  type RollupParts,
  type SeriesPoint,
  type SeriesSnapshot,
  type Span,
} from "../series-port.ts";
import { coverCells, type Stretch, withTail } from "./cover.ts";
import { lastBefore, mergePages, pointsWithin } from "./merge.ts";
import { Summary } from "./summary.ts";

export interface SeriesSource {
  readonly snapshot: SeriesSnapshot;
  /** The tag's points in the tail before the snapshot was taken, by time. */
  readonly tail: readonly SeriesPoint[];
  /** Bounds the single points that the query may read. */
  readonly budget: Budget;
}

/** The number of single points that a query may read. Throws `invalid` past it. */
export class Budget {
  readonly #max: number;
  #spent = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get max(): number {
    return this.#max;
  }

  spend(points: number): void {
    this.#spent += points;
    if (this.#spent > this.#max) throw tooMany(this.#max);
  }
}

export function tooMany(max: number): Failure {
  return invalidField(
    "points",
    `Cannot answer from single measurements: the range has more than ${max}, expected a shorter range, or cells of 20 s and more`,
  );
}

/** The widest buckets to read (0: only points), and the statistics to read of them. */
export interface Reading {
  readonly widest: Level | 0;
  readonly parts: RollupParts;
}

/** Receives points and rollups in the order of time. */
export interface Visitor {
  point(point: SeriesPoint): void;
  rollup(rollup: Rollup): void;
}

/** Visits the cells' contents, as rollups where they are valid. Cells must ascend without overlap. */
export async function visitCells(
  source: SeriesSource,
  cells: readonly Span[],
  { widest, parts }: Reading,
  visitor: Visitor,
): Promise<void> {
  const { snapshot, tail } = source;
  const first = cells[0];
  const last = cells.at(-1);
  if (first === undefined || last === undefined) return;
  const whole = { fromNs: first.fromNs, toNs: last.toNs };
  const tailTimes = pointsWithin(tail, whole).map(({ timeNs }) => timeNs);
  const unrolled =
    widest === 0 ? { 1: [], 2: [], 3: [] } : withTail(await snapshot.unrolled(whole), tailTimes);
  const cover = coverCells(cells, unrolled, widest);
  const rollups = new Map<number, RollupQueue>();
  for (const level of levels) {
    const own = cover.filter((stretch) => stretch.level === level).flatMap(within);
    rollups.set(level, new RollupQueue(snapshot.rollups(level, own, parts)));
  }
  for (const stretch of cover) {
    const { level, toNs } = stretch;
    if (level === 0) await visitPoints(source, stretch, visitor);
    else await rollups.get(level)?.visitUntil(toNs, (rollup) => visitor.rollup(rollup));
  }

  /** Retention drops points by hours and rollups by days. A rollup without its points is ignored. */
  function within({ fromNs, toNs }: Stretch): Span[] {
    const { kept } = snapshot;
    const from = fromNs < kept.fromNs ? kept.fromNs : fromNs;
    const to = toNs > kept.toNs ? kept.toNs : toNs;
    return from < to ? [{ fromNs: from, toNs: to }] : [];
  }
}

async function visitPoints(
  { snapshot, tail, budget }: SeriesSource,
  { fromNs, toNs }: Stretch,
  visitor: Visitor,
): Promise<void> {
  const stored = snapshot.points({ fromNs, toNs });
  for await (const points of mergePages(stored, pointsWithin(tail, { fromNs, toNs }))) {
    budget.spend(points.length);
    for (const point of points) visitor.point(point);
  }
}

/** The rollups of a level, which are read in one query and visited stretch by stretch. */
class RollupQueue {
  readonly #pages: AsyncIterator<readonly Rollup[]>;
  #page: readonly Rollup[] = [];
  #at = 0;

  constructor(pages: AsyncIterable<readonly Rollup[]>) {
    this.#pages = pages[Symbol.asyncIterator]();
  }

  async visitUntil(ns: bigint, visit: (rollup: Rollup) => void): Promise<void> {
    for (;;) {
      const rollup = this.#page[this.#at];
      if (rollup === undefined) {
        const next = await this.#pages.next();
        if (next.done === true) return;
        this.#page = next.value;
        this.#at = 0;
      } else if (rollup.startNs < ns) {
        visit(rollup);
        this.#at++;
      } else return;
    }
  }
}

/** A summary of each of the consecutive cells. `carried` has the values in effect at their start. */
export async function summarizeCells(
  source: SeriesSource,
  cells: readonly Span[],
  parts: RollupParts,
  carried?: SeriesPoint,
): Promise<Summary[]> {
  const summaries: Summary[] = [];
  let holding = carried;
  let cell: Summary | undefined;
  const reach = (ns: bigint) => {
    for (;;) {
      const span = cells[summaries.length];
      if (span === undefined) return;
      cell ??= new Summary(span.fromNs, holding);
      if (ns < span.toNs) return;
      summaries.push(cell.close(span.toNs));
      holding = cell.last ?? holding;
      cell = undefined;
    }
  };
  const visitor: Visitor = {
    point(point) {
      reach(point.timeNs);
      cell?.addPoint(point);
    },
    rollup(rollup) {
      reach(rollup.startNs);
      cell?.addRollup(rollup);
    },
  };
  await visitCells(source, cells, { widest: 3, parts }, visitor);
  reach(cells.at(-1)?.toNs ?? 0n);
  return summaries;
}

/** The last point before `ns`, wherever it is. */
export async function carriedInto(
  { snapshot, tail }: SeriesSource,
  ns: bigint,
): Promise<SeriesPoint | undefined> {
  const stored = await snapshot.lastBefore(ns);
  const newer = lastBefore(tail, ns);
  if (stored === undefined || newer === undefined) return newer ?? stored;
  return stored.timeNs > newer.timeNs ? stored : newer;
}
