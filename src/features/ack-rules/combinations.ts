/** In which places the unfinished ids of a rule were seen, and how much time they have left. */

import type { AckQueryStore, CombinationRow, TimeLeftAxis } from "./queries.ts";
import { type AckRule, placeNames } from "./rule.ts";

export interface Combination {
  readonly seen: readonly string[];
  readonly missing: readonly string[];
  readonly open: number;
  readonly overdue: number;
  readonly oldest: CombinationRow["oldest"];
  /** Ids by cell of the axis; undefined without a deadline. */
  readonly timeLeft: readonly number[] | undefined;
}

export interface Combinations {
  readonly counted: number;
  /** There are more ids than `counted`: these are the most urgent ones. */
  readonly more: boolean;
  readonly axis: TimeLeftAxis | undefined;
  /** Those of the most ids first. */
  readonly combinations: readonly Combination[];
  /** Ids of combinations that are not listed. */
  readonly others: number;
}

/** Some 250 ms of a statement. */
const idsMax = 50_000;
/** More do not fit a page. */
const combinationsMax = 100;
const cells = 24;

export async function combinationsOf(
  store: Pick<AckQueryStore, "combinations">,
  rule: AckRule,
  nowMs: number,
): Promise<Combinations> {
  const axis = axisOf(rule);
  // One more than that tells whether there are more.
  const { counted, rows } = await store.combinations(rule, { axis, nowMs, idsMax: idsMax + 1 });
  const byMask = Map.groupBy(rows, ({ mask }) => mask);
  const all = [...byMask].map(([mask, some]) => combinationFrom(rule, axis, mask, some));
  all.sort((a, b) => sizeOf(b) - sizeOf(a));
  const listed = all.slice(0, combinationsMax);
  const rest = all.slice(combinationsMax);
  return {
    counted,
    more: counted > idsMax,
    axis,
    combinations: listed,
    others: rest.reduce((sum, one) => sum + sizeOf(one), 0),
  };
}

/** As much time after the deadline as before it, so that the deadline is in the middle. */
function axisOf({ deadlineMs }: AckRule): TimeLeftAxis | undefined {
  if (deadlineMs === undefined) return undefined;
  return { fromMs: -deadlineMs, cellMs: (2 * deadlineMs) / cells, cells };
}

function combinationFrom(
  rule: AckRule,
  axis: TimeLeftAxis | undefined,
  mask: number,
  rows: readonly CombinationRow[],
): Combination {
  const places = placeNames(rule);
  // Not a bit operator: those are of 32 bits, with a sign.
  const isSeen = (place: number) => Math.floor(mask / 2 ** place) % 2 === 1;
  const timeLeft = Array.from({ length: axis?.cells ?? 0 }, () => 0);
  for (const { bin, count } of rows) {
    if (bin !== undefined) timeLeft[bin] = (timeLeft[bin] ?? 0) + count;
  }
  const [first, ...others] = rows;
  const oldest = others.reduce(
    (old, one) => (one.oldest.ns < old.ns ? one.oldest : old),
    first?.oldest ?? { ns: 0n, id: "" },
  );
  return {
    seen: places.filter((_, place) => isSeen(place)),
    missing: places.filter((_, place) => !isSeen(place)),
    open: sum(rows.filter(({ isOverdue }) => !isOverdue)),
    overdue: sum(rows.filter(({ isOverdue }) => isOverdue)),
    oldest,
    timeLeft: axis === undefined ? undefined : timeLeft,
  };
}

function sum(rows: readonly CombinationRow[]): number {
  return rows.reduce((total, { count }) => total + count, 0);
}

function sizeOf({ open, overdue }: Combination): number {
  return open + overdue;
}
