import { Point } from "../../src/features/measurements/point.ts";
import { PointWriter } from "../../src/features/measurements/record.ts";

type Row = readonly [tag: string, timeNs: bigint, values: readonly number[]];

/** A Frame of measurements, as intake writes it. */
export function frameOf(rows: readonly Row[]): Uint8Array {
  const writer = new PointWriter(64 * 1024);
  const point = new Point();
  for (const [tag, timeNs, values] of rows) {
    point.setTag(tag);
    point.setTimeNs(timeNs);
    point.values.set(values);
    point.count = values.length;
    writer.write(point);
  }
  return Uint8Array.from(writer.bytes.subarray(0, writer.length));
}
