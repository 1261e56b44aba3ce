/**
 * The entries of a tail: rows of numbers in the log's order, while tags and values stay in the bytes
 * of the log's frames. There is no index by tag. A query scans one column of hashes, which takes a
 * millisecond for a million rows. An index would be most of the cost of taking a measurement, mostly
 * for tags that no query reads before the store has them.
 */

import { Buffer } from "node:buffer";
import { comparePositions, epochStart, type Position } from "../../../core/position.ts";
import type { Measurement } from "../measurement.ts";
import { highHalf, int64FromHalves, lowHalf } from "../point.ts";
import {
  cells,
  FROM,
  hashBytes,
  HIGH,
  LENGTHS,
  LOW,
  TAG_FROM,
  tagLengthBits,
} from "./frame-points.ts";
import type { FramePoints } from "./frame-points.ts";

const tagLengthMask = 2 ** tagLengthBits - 1;
const slabRows = 4096;
/** The size of a measurement besides its bytes: a hash, its cells, a reference. */
const rowBytes = 4 + cells * 4 + 8;
const ownBytes = 64 * 1024;

/** The next `slabRows` rows. */
class Slab {
  readonly hashes = new Int32Array(slabRows);
  readonly cells = new Int32Array(slabRows * cells);
  /** The bytes that contain each row's tag and values. */
  readonly sources: Buffer[] = [];
}

interface Row {
  readonly slab: Slab;
  readonly at: number;
}

/** Rows that are dropped together. */
interface Group {
  /** The row after its last. */
  readonly end: number;
  readonly bytes: number;
  readonly last: Position;
}

export class TailEntries {
  readonly #bytesMax: number;
  #slabs: Slab[] = [];
  /** Number of the first slab's first row; rows are numbered in the log's order. */
  #base = 0;
  #head = 0;
  #end = 0;
  #groups: Group[] = [];
  #groupsHead = 0;
  /** Copies of the measurements that came as records instead of frames. */
  #own: Buffer = Buffer.alloc(0);
  #ownUsed = 0;
  bytes = 0;
  /** The last position that was dropped because memory was full. */
  droppedThrough = epochStart(0);

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Rows that a later one replaces are counted as well. */
  get count(): number {
    return this.#end - this.#head;
  }

  /** By time, each time once: the last in the log wins. The result never changes afterwards. */
  of(tag: string): readonly Measurement[] {
    const bytes = Buffer.from(tag);
    const hash = hashBytes(bytes, 0, bytes.byteLength);
    const found: Row[] = [];
    let isInOrder = true;
    this.#each((slab, from, to) => {
      const { hashes } = slab;
      for (let at = from; at < to; at++) {
        if (hashes[at] !== hash) continue;
        const row = { slab, at };
        if (!tagBytes(row).equals(bytes)) continue;
        const before = found.at(-1);
        isInOrder &&= before === undefined || compareTimes(before, row) < 0;
        found.push(row);
      }
    });
    return (isInOrder ? found : byTime(found)).map((row) => measurementOf(row, tag));
  }

  /** The newest of each tag, by time. */
  newest(): ReadonlyMap<string, Measurement> {
    const byHash = new Map<number, Row[]>();
    this.#each((slab, from, to) => {
      for (let at = from; at < to; at++) {
        const hash = slab.hashes[at] ?? 0;
        const row = { slab, at };
        const rows = byHash.get(hash);
        const same = rows?.findIndex((other) => haveSameTag(row, other)) ?? -1;
        const known = rows?.[same];
        if (rows === undefined) byHash.set(hash, [row]);
        else if (known === undefined) rows.push(row);
        else if (compareTimes(known, row) <= 0) rows[same] = row;
      }
    });
    const rows = [...byHash.values()].flat();
    return new Map(
      rows.map((row) => {
        const tag = tagBytes(row).toString();
        return [tag, measurementOf(row, tag)];
      }),
    );
  }

  clear(): void {
    this.#slabs = [];
    this.#base = this.#head = this.#end = 0;
    this.#groups = [];
    this.#groupsHead = 0;
    this.bytes = 0;
    this.droppedThrough = epochStart(0);
  }

  /** Copies the measurement. Past the bound the oldest rows are dropped. */
  add({ tag, timeNs, values }: Measurement, position: Position): void {
    const tagLength = Buffer.byteLength(tag);
    const bytes = tagLength + values.byteLength;
    if (this.#ownUsed + bytes > this.#own.byteLength) {
      this.#own = Buffer.allocUnsafeSlow(ownBytes);
      this.#ownUsed = 0;
    }
    const source = this.#own;
    const tagFrom = this.#ownUsed;
    const from = tagFrom + tagLength;
    source.write(tag, tagFrom);
    source.set(values, from);
    this.#ownUsed += bytes;
    const slab = this.#open();
    const at = this.#end++ % slabRows;
    slab.sources.push(source);
    slab.hashes[at] = hashBytes(source, tagFrom, from);
    slab.cells[at * cells + LOW] = lowHalf(timeNs);
    slab.cells[at * cells + HIGH] = highHalf(timeNs);
    slab.cells[at * cells + TAG_FROM] = tagFrom;
    slab.cells[at * cells + FROM] = from;
    slab.cells[at * cells + LENGTHS] = tagLength | (values.byteLength << tagLengthBits);
    this.#group(bytes + rowBytes, position);
  }

  /** Adds the rows that `points` read last, with their frame. They are dropped together. */
  addFrame(points: FramePoints, last: Position): void {
    const { frame, count } = points;
    if (count === 0) return;
    for (let taken = 0; taken < count;) {
      const slab = this.#open();
      const at = this.#end % slabRows;
      const more = Math.min(count - taken, slabRows - at);
      slab.hashes.set(points.hashes.subarray(taken, taken + more), at);
      slab.cells.set(points.cells.subarray(taken * cells, (taken + more) * cells), at * cells);
      for (let i = 0; i < more; i++) slab.sources.push(frame);
      taken += more;
      this.#end += more;
    }
    this.#group(frame.byteLength + count * rowBytes, last);
  }

  /** Drops everything up to and including `to`; a frame only once its last row is included. */
  trimTo(to: Position): void {
    for (;;) {
      const group = this.#groups[this.#groupsHead];
      if (group === undefined || comparePositions(group.last, to) > 0) break;
      this.#head = group.end;
      this.bytes -= group.bytes;
      this.#groupsHead++;
    }
    // Cut once half of the list is dropped, so that each group is copied at most once.
    if (this.#groupsHead * 2 > this.#groups.length) {
      this.#groups = this.#groups.slice(this.#groupsHead);
      this.#groupsHead = 0;
    }
    const over = Math.floor((this.#head - this.#base) / slabRows);
    if (over === 0) return;
    this.#slabs = this.#slabs.slice(over);
    this.#base += over * slabRows;
  }

  /** The slab of the next row. */
  #open(): Slab {
    let slab = this.#slabs.at(-1);
    if (slab === undefined || this.#end === this.#base + this.#slabs.length * slabRows) {
      slab = new Slab();
      this.#slabs.push(slab);
    }
    return slab;
  }

  /** Groups all rows since the last group. */
  #group(bytes: number, last: Position): void {
    this.#groups.push({ end: this.#end, bytes, last });
    this.bytes += bytes;
    if (this.bytes > this.#bytesMax) this.#dropOldest();
  }

  /** Drops a sixteenth of the rows at once. */
  #dropOldest(): void {
    const target = this.#head + Math.floor(this.count / 16);
    let at = this.#groupsHead;
    while ((this.#groups[at]?.end ?? Infinity) <= target) at++;
    const group = this.#groups[at];
    if (group === undefined) return;
    this.droppedThrough = group.last;
    this.trimTo(group.last);
  }

  /** Visits the rows of each slab, from the oldest on. */
  #each(visit: (slab: Slab, from: number, to: number) => void): void {
    let base = this.#base;
    for (const slab of this.#slabs) {
      visit(slab, Math.max(0, this.#head - base), Math.min(slabRows, this.#end - base));
      base += slabRows;
    }
  }
}

/** Sorts rows that are in the log's order. Of several at one time, the last remains. */
function byTime(rows: Row[]): readonly Row[] {
  rows.sort(compareTimes);
  return rows.filter((row, i) => {
    const next = rows[i + 1];
    return next === undefined || compareTimes(row, next) !== 0;
  });
}

function compareTimes(a: Row, b: Row): number {
  const high = cell(a, HIGH) - cell(b, HIGH);
  return high === 0 ? (cell(a, LOW) >>> 0) - (cell(b, LOW) >>> 0) : high;
}

function measurementOf(row: Row, tag: string): Measurement {
  const timeNs = int64FromHalves(cell(row, LOW), cell(row, HIGH));
  const from = cell(row, FROM);
  return {
    tag,
    timeNs,
    values: sourceOf(row).subarray(from, from + (cell(row, LENGTHS) >>> tagLengthBits)),
  };
}

/** Without a view of each tag, because a view costs more than comparing the bytes. */
function haveSameTag(a: Row, b: Row): boolean {
  const length = cell(a, LENGTHS) & tagLengthMask;
  if (length !== (cell(b, LENGTHS) & tagLengthMask)) return false;
  const [left, right] = [sourceOf(a), sourceOf(b)];
  const [from, other] = [cell(a, TAG_FROM), cell(b, TAG_FROM)];
  for (let i = 0; i < length; i++) if (left[from + i] !== right[other + i]) return false;
  return true;
}

function tagBytes(row: Row): Buffer {
  const from = cell(row, TAG_FROM);
  return sourceOf(row).subarray(from, from + (cell(row, LENGTHS) & tagLengthMask));
}

function cell({ slab, at }: Row, which: number): number {
  return slab.cells[at * cells + which] ?? 0;
}

function sourceOf({ slab, at }: Row): Buffer {
  return slab.sources[at] ?? Buffer.alloc(0);
}
