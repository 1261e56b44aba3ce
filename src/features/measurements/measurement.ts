/**
 * Measurements: the points of series. A measurement has a time, a tag and some numbers. A later one
 * with the same `(tag, time)` replaces it, so that sending it twice is harmless.
 */

import type { Quantiles } from "../../core/metrics/sliding-quantiles.ts";

/** The topic of all measurements, which the projection writes to the store. */
export const measurementsTopic = "measurements";

export interface Measurement {
  /** The series' name, see `tagBytesMax`. */
  readonly tag: string;
  /** Nanoseconds since the Unix epoch, an int64. */
  readonly timeNs: bigint;
  /** The values as float64, little-endian, packed: 8 bytes each, 1 to 64 of them, all finite. */
  readonly values: Uint8Array;
}

/**
 * A tag has 1 to 512 bytes of UTF-8 and no control characters: names of Telegraf's series, with a host
 * and a field in them, often have more than a hundred.
 */
export const tagBytesMax = 512;
/** Tags up to here have a length of one byte; the fast ways to read a record know no others. */
export const shortTagBytesMax = 127;
export const valuesMax = 64;
export const valueBytes = 8;

export const nsPerMs = 1_000_000n;

/** How far a producer's clock may be ahead of the gateway's. */
export const aheadMsMax = 60 * 60 * 1000;

/** The accepted times. Older ones would be dropped at once; ones too far ahead are a wrong clock. */
export interface TimeBounds {
  /** How long measurements are kept. */
  readonly retentionMs: number;
  readonly aheadMs: number;
}

/** Width of the buckets in which the store records changes, for rollups. */
export const dirtyBucketNs = 10_000_000_000n;

/**
 * The measurements that the log has and the store does not have yet, as this node sees them. A reader
 * must take its snapshot here *first*, and read the store *afterwards*. Both together, where these
 * win over the store's rows, are then everything up to the end of the log as this node knows it.
 */
export interface MeasurementTail {
  /** By time, each time once. The result never changes afterwards. */
  of(tag: string): readonly Measurement[];
  /** The newest measurement of each tag that has any here. */
  newest(): ReadonlyMap<string, Measurement>;
  /** False while a measurement may be missing both here and in the store: answer `unavailable`. */
  readonly isComplete: boolean;
  /** How long this node has known of unread records, or not known the log's end; 0 at the end. */
  readonly behindMs: number;
}

/** The work of this node's projection. */
export interface MeasurementStoreStats {
  readonly rows: number;
  /** Number of measurements that another of the same tag and time in their batch replaced. */
  readonly merged: number;
  /** Number of records that are not measurements: a client of the broker wrote them directly. */
  readonly undecodable: number;
  readonly lastUndecodable: string | undefined;
  /** Number of measurements past retention, or far ahead of the clock that received them. */
  readonly untimely: number;
  readonly batchRows: Quantiles;
  readonly batchMs: Quantiles;
  /** From the gateway's receipt to the commit of the row. */
  readonly storedMs: Quantiles;
}

/**
 * Packed values are copied to this aligned block to be read, because a view of each point takes 50 %
 * longer. Every machine that Bun and Deno run on is little-endian, like the values.
 */
export const unpacked: Readonly<Float64Array> = new Float64Array(valuesMax);
const unpackedBytes = new Uint8Array(unpacked.buffer);

/** Copies packed values to `unpacked`, where the next call replaces them; returns their count. */
export function unpackValues(values: Uint8Array): number {
  unpackedBytes.set(values);
  return values.byteLength / valueBytes;
}

/** The float64 values; a copy. */
export function valuesToNumbers({ values }: Pick<Measurement, "values">): number[] {
  const count = unpackValues(values);
  const numbers: number[] = [];
  for (let i = 0; i < count; i++) numbers.push(unpacked[i] ?? 0);
  return numbers;
}

/** Packs numbers as `Measurement.values`. */
export function valuesFromNumbers(numbers: readonly number[]): Uint8Array {
  const values = new Uint8Array(numbers.length * valueBytes);
  const view = new DataView(values.buffer);
  for (const [i, number] of numbers.entries()) view.setFloat64(i * valueBytes, number, true);
  return values;
}
