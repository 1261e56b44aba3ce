/**
 * The spans that the points of a query stand for. Where they are wide enough they are aligned with
 * the rollups, so that the rollups of whole buckets can be used; each answer states its own edges.
 */

import { type Level, levelNs, levels, type Span } from "../series-port.ts";

const int64Min = -(2n ** 63n);

/** The widest buckets of which at least two fit into `ns`; undefined below 20 s. */
export function gridOf(ns: bigint): Level | undefined {
  return levels.findLast((level) => ns >= 2n * levelNs(level));
}

/** Rounded down to the grid. */
export function floorTo(ns: bigint, width: bigint): bigint {
  const rest = ns % width;
  return ns - (rest < 0n ? rest + width : rest);
}

export function ceilTo(ns: bigint, width: bigint): bigint {
  const floor = floorTo(ns, width);
  return floor === ns ? ns : floor + width;
}

/** Splits `[start, end)` into `count` consecutive cells. All edges but the two ends are aligned. */
export function evenCells(startNs: bigint, endNs: bigint, count: number): Span[] {
  const edges = gridEdges(startNs, endNs, count);
  return edges.map((toNs, i) => ({ fromNs: i === 0 ? startNs : (edges[i - 1] ?? startNs), toNs }));
}

/** The end of each cell, ascending; the last is `endNs`. A range below `count` ns has fewer. */
export function gridEdges(startNs: bigint, endNs: bigint, count: number): bigint[] {
  const range = endNs - startNs;
  const parts = BigInt(count);
  const grid = gridOf(range / parts);
  const edges: bigint[] = [];
  for (let i = 1n; i <= parts; i++) {
    const exact = startNs + (i * range) / parts;
    const edge = i === parts || grid === undefined ? exact : floorTo(exact, levelNs(grid));
    if (edge > (edges.at(-1) ?? startNs)) edges.push(edge);
  }
  return edges;
}

/** The windows of a moving mean. Each ends with a cell, and begins `windowNs` before. */
export function windows(startNs: bigint, endNs: bigint, count: number, windowNs: bigint): Span[] {
  const grid = gridOf(windowNs);
  return gridEdges(startNs, endNs, count).map((toNs) => {
    const exact = toNs - windowNs;
    const fromNs = grid === undefined ? exact : floorTo(exact, levelNs(grid));
    return { fromNs: fromNs < int64Min ? int64Min : fromNs, toNs };
  });
}

/** The cells of which overlapping spans are composed: each span is a run of cells. */
export function cellsOf(spans: readonly Span[]): Span[] {
  const edges = [...new Set(spans.flatMap(({ fromNs, toNs }) => [fromNs, toNs]))].toSorted(
    (a, b) => (a < b ? -1 : 1),
  );
  return edges.slice(1).map((toNs, i) => ({ fromNs: edges[i] ?? toNs, toNs }));
}
