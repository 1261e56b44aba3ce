/** Composes spans from rollups and, where there is no valid rollup, from points; `query.ts` defines the words. */

import { type Level, levelNs, levels, type Span, type Unrolled } from "../series-port.ts";
import { ceilTo, floorTo } from "./cells.ts";

/** A part of a span, read from the rollups of one level, or from points at level 0. */
export interface Stretch extends Span {
  readonly level: Level | 0;
}

/**
 * The stretches of which the cells are composed, in order. Cells must ascend without overlap. No
 * bucket is wider than `widest`, and none crosses the edge of a cell.
 */
export function coverCells(
  cells: readonly Span[],
  unrolled: Unrolled,
  widest: Level | 0 = 3,
): Stretch[] {
  const stretches: Stretch[] = [];
  const add = (level: Level | 0, fromNs: bigint, toNs: bigint) => {
    if (fromNs >= toNs) return;
    const last = stretches.at(-1);
    if (last !== undefined && last.level === level && last.toNs === fromNs) {
      stretches[stretches.length - 1] = { level, fromNs: last.fromNs, toNs };
    } else stretches.push({ level, fromNs, toNs });
  };
  const cover = (fromNs: bigint, toNs: bigint, level: Level | 0): void => {
    if (fromNs >= toNs) return;
    if (level === 0) return add(0, fromNs, toNs);
    const width = levelNs(level);
    const below = levelBelow(level);
    const innerFrom = ceilTo(fromNs, width);
    const innerTo = floorTo(toNs, width);
    if (innerFrom >= innerTo) return cover(fromNs, toNs, below);
    cover(fromNs, innerFrom, below);
    let at = innerFrom;
    for (const startNs of bucketsWithin(unrolled[level], innerFrom, innerTo)) {
      add(level, at, startNs);
      cover(startNs, startNs + width, below);
      at = startNs + width;
    }
    add(level, at, innerTo);
    cover(innerTo, toNs, below);
  };
  for (const { fromNs, toNs } of cells) cover(fromNs, toNs, widest);
  return stretches;
}

/**
 * All buckets that cannot be used: those that the store has not rolled up, those with points in the
 * tail, and in each level those that contain such a bucket of the level below.
 */
export function withTail(unrolled: Unrolled, tailTimes: Iterable<bigint>): Unrolled {
  const all: Record<Level, bigint[]> = { 1: [], 2: [], 3: [] };
  let below: Iterable<bigint> = tailTimes;
  for (const level of levels) {
    const buckets = new Set(unrolled[level]);
    for (const ns of below) buckets.add(floorTo(ns, levelNs(level)));
    all[level] = [...buckets].toSorted((a, b) => (a < b ? -1 : 1));
    below = all[level];
  }
  return all;
}

function levelBelow(level: Level): Level | 0 {
  if (level === 3) return 2;
  return level === 2 ? 1 : 0;
}

function* bucketsWithin(
  starts: readonly bigint[],
  fromNs: bigint,
  toNs: bigint,
): Generator<bigint, void, undefined> {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((starts[middle] ?? toNs) < fromNs) low = middle + 1;
    else high = middle;
  }
  for (let i = low; i < starts.length; i++) {
    const start = starts[i];
    if (start === undefined || start >= toNs) return;
    yield start;
  }
}
