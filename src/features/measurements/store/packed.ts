/**
 * Many points as one value of a result, because a row costs the driver more than its point. A point
 * is its time (int64) and the number of its values (int16), both big-endian as PostgreSQL sends them,
 * and the values as they are stored.
 */

import { sql } from "drizzle-orm";
import { valueBytes } from "../measurement.ts";
import type { SeriesPoint } from "../series-port.ts";

const headBytes = 10;

/** A row's `time` and `vals` as a packed point; `string_agg` joins several. */
export const packedPoint = sql`int8send(time) || int2send((octet_length(vals) / 8)::smallint) || vals`;

/** The points of a packed value, in its order, as views into it. Null contains none. */
export function unpackPoints(packed: Uint8Array | null | undefined): SeriesPoint[] {
  const points: SeriesPoint[] = [];
  if (packed === null || packed === undefined) return points;
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  for (let at = 0; at < packed.byteLength;) {
    const timeNs = view.getBigInt64(at);
    const end = at + headBytes + view.getInt16(at + 8) * valueBytes;
    points.push({ timeNs, values: packed.subarray(at + headBytes, end) });
    at = end;
  }
  return points;
}
