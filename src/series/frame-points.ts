/**
 * The measurements of a Frame that `PointWriter` wrote, as columns: no record, position or text that
 * is not needed is made of them, which is most of what decoding costs (0.4 µs in place of 4).
 */
import { Buffer } from "node:buffer";
import { tagBytesMax, valueBytes, valuesMax } from "../core/measurement.ts";
import {
  firstNotFinite,
  FRAME_RECORDS,
  lengthBytes,
  measurementType,
  PACKED_VALUES,
  RECORD_CONTENT_TYPE,
  RECORD_KEY,
  RECORD_TIME_NS,
  RECORD_VALUE,
  TAG,
  TIME,
} from "./record.ts";

const typeBytes = Buffer.from(measurementType);
/** A record of the smallest measurement has more bytes than this. */
const recordBytesMin = 32;

/** One for many frames, each read when the last was used. */
export class FramePoints {
  count = 0;
  tags: string[] = [];
  /** The int64 times in halves: two a measurement, the low one first. */
  times = new Int32Array(0);
  /** Where each one's values lie in the frame, and their bytes. */
  from = new Uint32Array(0);
  lengths = new Uint16Array(0);

  /**
   * Reads all of a frame; its measurements are valid until the next is read. False, and nothing is
   * said about any of them, where one record is laid out in another way: decode the records then.
   */
  read(bytes: Uint8Array): boolean {
    const frame = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#room(Math.ceil(frame.byteLength / recordBytesMin));
    this.count = 0;
    for (let at = 0; at < frame.byteLength; ) {
      const next = this.#record(frame, at);
      if (next === 0) return false;
      at = next;
    }
    return true;
  }

  /** Where the record at `at` ends; 0 where it is laid out in another way. */
  #record(frame: Buffer, at: number): number {
    let i = at;
    if (frame[i++] !== FRAME_RECORDS) return 0;
    const recordLength = twoByteVarint(frame, i);
    i += lengthBytes(recordLength);
    const end = i + recordLength;
    if (end > frame.byteLength || frame[i++] !== RECORD_VALUE) return 0;
    const valueLength = twoByteVarint(frame, i);
    i += lengthBytes(valueLength);
    const valueEnd = i + valueLength;
    if (frame[i] !== TIME || frame[i + 9] !== TAG) return 0;
    const timeAt = i + 1;
    const tagLength = frame[i + 10] ?? 0;
    const tagAt = i + 11;
    const packedAt = tagAt + tagLength;
    if (tagLength < 1 || tagLength > tagBytesMax || frame[packedAt] !== PACKED_VALUES) {
      return 0;
    }
    const packed = twoByteVarint(frame, packedAt + 1);
    const valuesAt = packedAt + 1 + lengthBytes(packed);
    if (valuesAt + packed !== valueEnd || !isTail(frame, valueEnd, end)) return 0;
    if (packed === 0 || packed % valueBytes !== 0 || packed > valuesMax * valueBytes) return 0;
    if (!isPlain(frame, tagAt, packedAt) || firstNotFinite(frame, valuesAt, valueEnd) >= 0) return 0;
    const index = this.count++;
    this.tags[index] = frame.toString("latin1", tagAt, packedAt);
    this.times[2 * index] = int32At(frame, timeAt);
    this.times[2 * index + 1] = int32At(frame, timeAt + 4);
    this.from[index] = valuesAt;
    this.lengths[index] = packed;
    return end;
  }

  #room(count: number): void {
    if (this.from.length >= count) return;
    this.times = new Int32Array(2 * count);
    this.from = new Uint32Array(count);
    this.lengths = new Uint16Array(count);
  }
}

/** What follows the value up to `end`: a key, the type and the time. */
function isTail(frame: Buffer, from: number, end: number): boolean {
  const keyLength = frame[from + 1] ?? 0;
  const typeAt = from + 2 + keyLength;
  if (frame[from] !== RECORD_KEY || keyLength > tagBytesMax) return false;
  if (frame[typeAt] !== RECORD_CONTENT_TYPE) return false;
  if (frame[typeAt + 1] !== typeBytes.byteLength) return false;
  for (let i = 0; i < typeBytes.byteLength; i++) {
    if (frame[typeAt + 2 + i] !== typeBytes[i]) return false;
  }
  const timeAt = typeAt + 2 + typeBytes.byteLength;
  return frame[timeAt] === RECORD_TIME_NS && timeAt + 9 === end;
}

/** Printable ASCII: such a tag is as it lies. */
function isPlain(frame: Buffer, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const code = frame[i] ?? 0;
    if (code < 0x20 || code > 0x7e) return false;
  }
  return true;
}

function int32At(bytes: Buffer, at: number): number {
  const low = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
  return low | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
}

/** −1, which fits nowhere, for more than two bytes: no length of a measurement has them. */
function twoByteVarint(bytes: Buffer, at: number): number {
  const low = bytes[at] ?? 0;
  if (low < 0x80) return low;
  const high = bytes[at + 1] ?? 0;
  return high < 0x80 ? (low & 0x7f) | (high << 7) : -1;
}

