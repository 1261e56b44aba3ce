/** All points of a range, page by page: nothing but a page is held, however long the range is. */
import type { SeriesPoint, Span } from "../series-port.ts";
import { mergePages, pointsWithin } from "./merge.ts";
import { tailOf, type SeriesSources } from "./query.ts";

/**
 * By time, with what the tail had when this was called. What is written to the store meanwhile may
 * or may not be among them. Throws as `readSamples`, but knows no unknown tags: they have no points.
 */
export function exportPages(
  { store, tail }: SeriesSources,
  tag: string,
  span: Span,
  signal: AbortSignal,
): AsyncIterable<readonly SeriesPoint[]> {
  const newer = pointsWithin(tailOf(tail, tag), span);
  return mergePages(store.pages(tag, span, signal), newer);
}
