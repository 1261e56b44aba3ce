/** The smallest and the largest value of each cell: what a line of means or last values leaves out. */

import type { Span } from "../series-port.ts";
import { evenCells } from "./cells.ts";
import { type SeriesSource, summarizeCells } from "./read.ts";
import type { Summary } from "./summary.ts";

export interface BandCell {
  readonly span: Span;
  /** Number of points in the span. */
  readonly count: number;
  /** By column, null for one without a value; null where the cell is empty. */
  readonly min: readonly (number | null)[] | null;
  readonly max: readonly (number | null)[] | null;
}

interface BandQuery {
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly points: number;
  readonly columns: readonly number[] | undefined;
}

/** Of the cells that aggregates have, whatever the samples of the query are. */
export async function readBand(source: SeriesSource, query: BandQuery): Promise<BandCell[]> {
  const cells = evenCells(query.startNs, query.endNs, query.points);
  return bandFrom(await summarizeCells(source, cells, "range"), cells, query.columns);
}

/** `summaries` have ranges, one for each cell. */
export function bandFrom(
  summaries: readonly Summary[],
  cells: readonly Span[],
  columns: readonly number[] | undefined,
): BandCell[] {
  return cells.map((span, i) => {
    const summary = summaries[i];
    if (summary === undefined || summary.count === 0) {
      return { span, count: 0, min: null, max: null };
    }
    const of = (values: readonly number[]) => numbered(chosen({ columns }, values));
    return { span, count: summary.count, min: of(summary.min), max: of(summary.max) };
  });
}

/** The requested columns, with NaN for those that do not exist. */
export function chosen(
  { columns }: Pick<BandQuery, "columns">,
  values: readonly number[],
): readonly number[] {
  if (columns === undefined) return values;
  return columns.map((column) => values[column] ?? Number.NaN);
}

/** As JSON has them, null in place of NaN. */
export function numbered(values: readonly number[]): (number | null)[] {
  return Array.from(values, (value) => (Number.isNaN(value) ? null : value));
}
