/** All points of a range, page by page. Only one page is in memory, however long the range is. */

import type { SeriesPoint, Span } from "../series-port.ts";
import { mergePages, pointsWithin } from "./merge.ts";
import { type SeriesSources, tailOf } from "./query.ts";

/** A file format of exports. */
export interface ExportFormat {
  readonly contentType: string;
  readonly extension: string;
  /** A file of one tag's points, chunk by chunk as their pages come. */
  write(tag: string, pages: AsyncIterable<readonly SeriesPoint[]>): AsyncIterable<Uint8Array>;
}

/**
 * By time, including the tail's points at the time of the call. Later writes to the store may or may
 * not be included. Throws like `readSamples`, except that an unknown tag has no points.
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
