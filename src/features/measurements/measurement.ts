/**
 * Measurements: the points of series. One is a time, a tag and some numbers; the same `(tag, time)`
 * again replaces, so that to send one twice is harmless.
 */

import type { Quantiles } from "../../core/recent.ts";

/** The topic that all measurements go through, on their way to the store. */
export const measurementsTopic = "measurements";

export interface Measurement {
  /** The series' name, see `tagBytesMax`. */
  readonly tag: string;
  /** Nanoseconds since the Unix epoch, an int64. */
  readonly timeNs: bigint;
  /** The values as float64, little-endian, packed: 8 bytes each, 1 to 64 of them, all finite. */
  readonly values: Uint8Array;
}

/** A tag has 1 to 64 bytes of UTF-8 and no control characters. */
export const tagBytesMax = 64;
export const valuesMax = 64;
export const valueBytes = 8;

export const nsPerMs = 1_000_000n;

/** How far a producer's clock may be ahead of the gateway's. */
export const aheadMsMax = 60 * 60 * 1000;

/** Which times are taken: what is older would be dropped at once, what is ahead is a wrong clock. */
export interface TimeBounds {
  /** How long measurements are kept. */
  readonly retentionMs: number;
  readonly aheadMs: number;
}

/** Width of the buckets in which the store notes what has changed, for rollups. */
export const dirtyBucketNs = 10_000_000_000n;

/**
 * What the log has and the store has not yet, on this node. A reader takes its snapshot here
 * *first*, and reads the store *afterwards*: the store's rows and these, of which these win, are
 * then everything up to the end that this node has seen of the log.
 */
export interface MeasurementTail {
  /** By time, each time once; never changed afterwards. */
  of(tag: string): readonly Measurement[];
  /** The newest of each tag that has something here. */
  newest(): ReadonlyMap<string, Measurement>;
  /** False while something may be missing here that is not in the store either: answer `unavailable`. */
  readonly isComplete: boolean;
  /** How long this node has known of something in the log that it has not read yet, or not known the log's end; 0: it stands there. */
  readonly behindMs: number;
}

/** What this node's projection has written. */
export interface MeasurementStoreStats {
  readonly rows: number;
  /** Measurements that came before another of their tag and time in the same batch. */
  readonly merged: number;
  /** Records that hold no measurement: some producer wrote them past the gate. */
  readonly undecodable: number;
  readonly lastUndecodable: string | undefined;
  /** Measurements older than what is kept, or far ahead of the clock that received them. */
  readonly untimely: number;
  readonly batchRows: Quantiles;
  readonly batchMs: Quantiles;
  /** From the gateway's receipt to the row. */
  readonly storedMs: Quantiles;
}

/**
 * Values are copied here to be read: one aligned block instead of a view for each point, which takes
 * half as long again. Every machine that Bun and Deno run on is little-endian, as the values are.
 */
export const unpacked: Readonly<Float64Array> = new Float64Array(valuesMax);
const unpackedBytes = new Uint8Array(unpacked.buffer);

/** Copies packed values to `unpacked`, until the next call; tells how many, `valuesMax` at most. */
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
