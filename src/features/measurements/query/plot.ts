/** The points that preserve the shape of one column's plot, over any range. */

import { valueBytes } from "../measurement.ts";
import { type Level, levelNs, levels, type SeriesPoint, type Span } from "../series-port.ts";
import { lttb, type PlotPoint } from "./lttb.ts";
import { type SeriesSource, summarizeCells, visitCells } from "./read.ts";

/** Candidates per requested point; the authors of MinMaxLTTB find 4 enough. */
const candidatesPerPoint = 32;
/** Below this number all points are candidates. */
const candidatesMin = 20_000;

/** At most `count` points of the column in the span. */
export async function plotPoints(
  source: SeriesSource,
  span: Span,
  count: number,
  column: number,
): Promise<PlotPoint[]> {
  const [whole] = await summarizeCells(source, [span], "count");
  const candidates: PlotPoint[] = [];
  const add = (timeNs: bigint, value: number | undefined) => {
    const last = candidates.at(-1);
    if (value === undefined || Number.isNaN(value)) return;
    if (last === undefined || last.timeNs < timeNs) candidates.push({ timeNs, value });
  };
  const few = Math.max(candidatesMin, candidatesPerPoint * count);
  const level = whole === undefined || whole.count <= few ? 0 : plotLevel(span, count);
  await visitCells(
    source,
    [span],
    { widest: level, parts: "plot" },
    {
      point: (point) => add(point.timeNs, columnOf(point, column)),
      rollup({ startNs, first, last, columns }) {
        add(first.timeNs, columnOf(first, column));
        const low = [startNs + BigInt(columns.minAt[column] ?? 0), columns.min[column]] as const;
        const high = [startNs + BigInt(columns.maxAt[column] ?? 0), columns.max[column]] as const;
        const extremes = low[0] < high[0] ? [low, high] : [high, low];
        for (const [timeNs, value] of extremes) add(timeNs, value);
        add(last.timeNs, columnOf(last, column));
      },
    },
  );
  return lttb(candidates, count);
}

/** The finest level with only a few buckets per requested point, or the widest level. */
function plotLevel({ fromNs, toNs }: Span, count: number): Level {
  const bucketsMax = BigInt((candidatesPerPoint / 4) * count);
  return levels.find((level) => (toNs - fromNs) / levelNs(level) <= bucketsMax) ?? 3;
}

function columnOf({ values }: SeriesPoint, column: number): number | undefined {
  const at = column * valueBytes;
  if (at + valueBytes > values.byteLength) return undefined;
  return new DataView(values.buffer, values.byteOffset, values.byteLength).getFloat64(at, true);
}
