/**
 * One measurement between a parser and the record writer. The object is reused for every
 * measurement, because at 300,000 a second their allocation would be most of the work.
 */

import { Buffer } from "node:buffer";
import { invalidIssue, type Issue, quoted } from "../../core/failure.ts";
import { isDotSegment } from "../../core/parse.ts";
import { nsPerMs, tagBytesMax, type TimeBounds, valueBytes, valuesMax } from "./measurement.ts";

const two16 = 2 ** 16;
const two32 = 2 ** 32;
const utf8 = new TextEncoder();
const controls = /\p{Cc}/u;

export class Point {
  /** The int64 of the time in halves. */
  timeLow = 0;
  timeHigh = 0;
  /** The time rounded, to compare with bounds. */
  timeMs = 0;
  readonly tag: Buffer = Buffer.alloc(tagBytesMax);
  tagLength = 0;
  readonly values = new Float64Array(valuesMax);
  /** The bytes of `values`, little-endian because every machine of the runtimes is. */
  readonly valueBytes: Buffer = Buffer.from(this.values.buffer);
  count = 0;

  /** Sets the time to `billions` · 10⁹ + `rest`, which are whole and not negative. */
  setTime(billions: number, rest: number, isNegative: boolean): void {
    // billions · 10⁹ has more than 53 bits, so it is composed of two products that have fewer.
    const upper = Math.floor(billions / two16) * 1e9;
    const lower = (billions % two16) * 1e9 + rest;
    const low = (upper % two16) * two16 + (lower % two32);
    const high = Math.floor(upper / two16) + Math.floor(lower / two32) + Math.floor(low / two32);
    this.timeLow = (low % two32) | 0;
    this.timeHigh = high | 0;
    this.timeMs = billions * 1e3 + rest / 1e6;
    if (!isNegative) return;
    this.timeMs = -this.timeMs;
    this.timeLow = -this.timeLow | 0;
    this.timeHigh = (~this.timeHigh + (this.timeLow === 0 ? 1 : 0)) | 0;
  }

  setTimeNs(timeNs: bigint): void {
    this.timeLow = lowHalf(timeNs);
    this.timeHigh = highHalf(timeNs);
    this.timeMs = Number(timeNs) / 1e6;
  }

  get timeNs(): bigint {
    return int64FromHalves(this.timeLow, this.timeHigh);
  }

  /** Sets the tag, or returns what is wrong with it. */
  setTag(text: string): string | undefined {
    const wrong = tagIssue(text);
    if (wrong === undefined) this.tagLength = this.tag.write(text, "utf8");
    return wrong;
  }

  tagText(): string {
    return this.tag.toString("utf8", 0, this.tagLength);
  }

  /** A copy of the packed values. */
  copyValues(): Uint8Array {
    return Uint8Array.prototype.slice.call(this.valueBytes, 0, this.count * valueBytes);
  }
}

export function lowHalf(int64: bigint): number {
  return Number(BigInt.asIntN(32, int64));
}

export function highHalf(int64: bigint): number {
  return lowHalf(int64 >> 32n);
}

export function int64FromHalves(low: number, high: number): bigint {
  return (BigInt(high | 0) << 32n) | BigInt(low >>> 0);
}

/** What is wrong with a tag, and what is expected; undefined for a valid tag. */
export function tagIssue(tag: string): string | undefined {
  const bytes = utf8.encode(tag).byteLength;
  if (bytes < 1 || bytes > tagBytesMax) {
    return `Cannot use tag ${quoted(tag)}: it has ${bytes} bytes, expected 1 to ${tagBytesMax}`;
  }
  if (isDotSegment(tag)) {
    return `Cannot use tag ${quoted(tag)}: it would be another path in an address, expected another name`;
  }
  if (controls.test(tag)) return `Cannot use tag ${quoted(tag)}: it has a control character`;
  if (!tag.isWellFormed()) return `Cannot use tag ${quoted(tag)}: it has half of a surrogate pair`;
  return undefined;
}

/** Why a measurement of this time is refused; undefined when it is accepted. */
export function timeIssue(
  point: Pick<Point, "timeMs" | "timeNs">,
  nowMs: number,
  { retentionMs, aheadMs }: TimeBounds,
): Issue | undefined {
  if (point.timeMs > nowMs + aheadMs) {
    return refusedTime(
      point.timeNs,
      `it is more than ${aheadMs / 60_000} minutes ahead of the clock`,
      `at most ${BigInt(Math.floor(nowMs + aheadMs)) * nsPerMs}`,
    );
  }
  if (point.timeMs >= nowMs - retentionMs) return undefined;
  return refusedTime(
    point.timeNs,
    `measurements are kept for ${retentionMs / 3_600_000} hours`,
    `nanoseconds, at least ${BigInt(Math.ceil(nowMs - retentionMs)) * nsPerMs}`,
  );
}

function refusedTime(timeNs: bigint, what: string, expected: string): Issue {
  const message = `Cannot take time ${timeNs}: ${what}, expected ${expected}`;
  return invalidIssue("time", message);
}
