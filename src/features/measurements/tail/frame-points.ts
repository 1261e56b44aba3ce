/**
 * The measurements of a Frame that `PointWriter` wrote, as rows of numbers and offsets into the
 * frame. No record, position or text is created, which is nearly all of the cost of decoding.
 */

import { Buffer } from "node:buffer";
import {
  FRAME_RECORDS,
  RECORD_CONTENT_TYPE,
  RECORD_KEY,
  RECORD_TIME_NS,
  RECORD_VALUE,
} from "../../../core/frame.ts";
import { varintBytes } from "../../../core/wire.ts";
import { shortTagBytesMax, valueBytes, valuesMax } from "../measurement.ts";
import { firstNotFinite, int32At, PACKED_VALUES, TAG, TIME, typeBytes } from "../record.ts";

/** A record of the smallest measurement has more bytes than this. */
const recordBytesMin = 32;

/** Count of a row's numbers besides the hash of its tag. */
export const cells = 5;
/** The int64 of the time in halves. */
export const LOW = 0;
export const HIGH = 1;
/** Where the tag and the values begin in the row's source. */
export const TAG_FROM = 2;
export const FROM = 3;
/** Length of the tag in the lowest bits, and of the values above them. */
export const LENGTHS = 4;
export const tagLengthBits = 10;

/** Reads one frame after another. The rows are those of the last frame, until the next is read. */
export class FramePoints {
  frame: Buffer = Buffer.alloc(0);
  count = 0;
  hashes = new Int32Array(0);
  cells = new Int32Array(0);

  /** False when a record has another layout. Nothing is then known of the frame: decode its records. */
  read(bytes: Uint8Array): boolean {
    const frame = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#room(Math.ceil(frame.byteLength / recordBytesMin));
    this.frame = frame;
    this.count = 0;
    for (let at = 0; at < frame.byteLength;) {
      const next = this.#record(frame, at);
      if (next === 0) return false;
      at = next;
    }
    return true;
  }

  /** Returns the end of the record at `from`; 0 when it has another layout. */
  #record(frame: Buffer, from: number): number {
    let i = from;
    if (frame[i++] !== FRAME_RECORDS) return 0;
    const recordLength = twoByteVarint(frame, i);
    i += varintBytes(recordLength);
    const end = i + recordLength;
    if (end > frame.byteLength || frame[i++] !== RECORD_VALUE) return 0;
    const valueLength = twoByteVarint(frame, i);
    i += varintBytes(valueLength);
    const valueEnd = i + valueLength;
    if (frame[i] !== TIME || frame[i + 9] !== TAG) return 0;
    const timeAt = i + 1;
    const tagLength = frame[i + 10] ?? 0;
    const tagAt = i + 11;
    const packedAt = tagAt + tagLength;
    if (tagLength < 1 || tagLength > shortTagBytesMax || frame[packedAt] !== PACKED_VALUES) {
      return 0;
    }
    const packed = twoByteVarint(frame, packedAt + 1);
    const valuesAt = packedAt + 1 + varintBytes(packed);
    if (valuesAt + packed !== valueEnd || !isTail(frame, valueEnd, end)) return 0;
    if (packed === 0 || packed % valueBytes !== 0 || packed > valuesMax * valueBytes) return 0;
    if (!isPlain(frame, tagAt, packedAt)) return 0;
    if (firstNotFinite(frame, valuesAt, valueEnd) >= 0) return 0;
    const row = this.count++;
    const at = row * cells;
    this.hashes[row] = hashBytes(frame, tagAt, packedAt);
    this.cells[at + LOW] = int32At(frame, timeAt);
    this.cells[at + HIGH] = int32At(frame, timeAt + 4);
    this.cells[at + TAG_FROM] = tagAt;
    this.cells[at + FROM] = valuesAt;
    this.cells[at + LENGTHS] = tagLength | (packed << tagLengthBits);
    return end;
  }

  #room(count: number): void {
    if (this.hashes.length >= count) return;
    this.hashes = new Int32Array(count);
    this.cells = new Int32Array(count * cells);
  }
}

/** FNV-1a. */
export function hashBytes(bytes: Buffer, from: number, to: number): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
  return hash;
}

/** Whether a key, the type and the time follow the value, up to `end`. */
function isTail(frame: Buffer, from: number, end: number): boolean {
  const keyLength = frame[from + 1] ?? 0;
  const typeAt = from + 2 + keyLength;
  if (frame[from] !== RECORD_KEY || keyLength > shortTagBytesMax) return false;
  if (frame[typeAt] !== RECORD_CONTENT_TYPE) return false;
  if (frame[typeAt + 1] !== typeBytes.byteLength) return false;
  for (let i = 0; i < typeBytes.byteLength; i++) {
    if (frame[typeAt + 2 + i] !== typeBytes[i]) return false;
  }
  const timeAt = typeAt + 2 + typeBytes.byteLength;
  return frame[timeAt] === RECORD_TIME_NS && timeAt + 9 === end;
}

/** Printable ASCII: such a tag needs no decoding and no check. */
function isPlain(frame: Buffer, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const code = frame[i] ?? 0;
    if (code < 0x20 || code > 0x7e) return false;
  }
  return true;
}

/**
 * −1, which matches nothing, past two bytes: no length in a measurement takes more. The cursor of
 * `core/wire.ts` would throw, but here a longer varint only means another layout.
 */
function twoByteVarint(bytes: Buffer, at: number): number {
  const low = bytes[at] ?? 0;
  if (low < 0x80) return low;
  const high = bytes[at + 1] ?? 0;
  return high < 0x80 ? (low & 0x7f) | (high << 7) : -1;
}
