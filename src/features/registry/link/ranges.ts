import type { Problems } from "./problems.ts";

/** Numbers from `start` up to but not including `end`, as in descriptors of messages. */
export interface NumberRange {
  readonly start: number;
  readonly end: number;
}

/** Ranges that do not overlap, sorted by start. */
export type Ranges = readonly NumberRange[];

/** Sorted ranges. Problems: those that are empty, out of bounds (`max` excluded) or overlap. */
export function checkRanges(
  at: string,
  what: "reserved" | "extension",
  ranges: readonly NumberRange[],
  bounds: { readonly min: number; readonly max: number },
  problems: Problems,
): Ranges {
  const sorted = ranges.toSorted((a, b) => a.start - b.start);
  let before: NumberRange | undefined;
  for (const range of sorted) {
    const text = `${what} range ${range.start} to ${range.end - 1}`;
    if (range.start >= range.end || range.start < bounds.min || range.end > bounds.max) {
      problems.add(at, `has the ${text}, expected numbers from ${bounds.min} to ${bounds.max - 1}`);
    } else if (before !== undefined && range.start < before.end) {
      problems.add(at, `has the ${text}, which overlaps another`);
    }
    before = range;
  }
  return sorted;
}

/** A binary search: a hostile message has thousands of both fields and ranges. */
export function inRanges(number: number, ranges: Ranges): boolean {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[middle]?.start ?? Infinity) <= number) low = middle + 1;
    else high = middle;
  }
  const range = ranges[low - 1];
  return range !== undefined && number < range.end;
}
