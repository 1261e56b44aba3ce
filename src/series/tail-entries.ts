/**
 * What a tail holds: by tag and time for those who ask, in the log's order for letting go of it.
 *
 * In columns, with the values left where they lie in the log's frames: an object for each would be
 * most of the tail's memory and, as they live for seconds, most of the collector's work.
 */
import type { Measurement } from "../core/measurement.ts";
import { comparePositions, epochStart, type Position } from "../core/position.ts";
import type { FramePoints } from "./frame-points.ts";

/** What a measurement takes besides its bytes: its row, and its place in its series. */
const rowBytes = 48;
const slabRows = 4096;

interface Series {
  readonly tag: string;
  /** Rows by time, each time once. */
  rows: number[];
}

/** The next `slabRows` rows: they count up in the log's order. */
class Slab {
  readonly series: Series[] = [];
  /** Times in halves: two a row, the low one first. */
  readonly times = new Int32Array(2 * slabRows);
  /** Where each row's values lie. */
  readonly sources: Uint8Array[] = [];
  readonly from = new Uint32Array(slabRows);
  readonly lengths = new Uint16Array(slabRows);
}

/** Rows that are let go of together. */
interface Group {
  /** Behind its last row. */
  readonly end: number;
  readonly bytes: number;
  readonly last: Position;
}

export class TailEntries {
  readonly #bytesMax: number;
  readonly #series = new Map<string, Series>();
  /** In the log's order from `#head` on; rows that a later one has replaced are still there. */
  #slabs: Slab[] = [];
  /** Number of the first slab's first row. */
  #base = 0;
  #head = 0;
  #end = 0;
  #groups: Group[] = [];
  #groupsHead = 0;
  bytes = 0;
  /** The last that was let go of for want of room. */
  droppedThrough = epochStart(0);

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get count(): number {
    return this.#end - this.#head;
  }

  /** By time, each time once; never changed afterwards. */
  of(tag: string): readonly Measurement[] {
    return (this.#series.get(tag)?.rows ?? []).map((row) => this.#measurement(row));
  }

  lastOf(tag: string): Measurement | undefined {
    const last = this.#series.get(tag)?.rows.at(-1);
    return last === undefined ? undefined : this.#measurement(last);
  }

  tags(): IterableIterator<string> {
    return this.#series.keys();
  }

  clear(): void {
    this.#series.clear();
    this.#slabs = [];
    this.#base = this.#head = this.#end = 0;
    this.#groups = [];
    this.#groupsHead = 0;
    this.bytes = 0;
    this.droppedThrough = epochStart(0);
  }

  /** Takes one; its values stay where they are. Past the bound the oldest go. */
  add({ tag, timeNs, values }: Measurement, position: Position): void {
    const low = Number(BigInt.asIntN(32, timeNs));
    const high = Number(BigInt.asIntN(32, timeNs >> 32n));
    this.#add(tag, low, high, values, 0, values.byteLength);
    this.#group(values.byteLength + rowBytes, position);
  }

  /** Takes those of a frame, which `points` were read from; they go together. */
  addFrame(points: FramePoints, frame: Uint8Array, last: Position): void {
    const { count, tags, times, from, lengths } = points;
    if (count === 0) return;
    for (let i = 0; i < count; i++) {
      const low = times[2 * i] ?? 0;
      const high = times[2 * i + 1] ?? 0;
      this.#add(tags[i] ?? "", low, high, frame, from[i] ?? 0, lengths[i] ?? 0);
    }
    this.#group(frame.byteLength + count * rowBytes, last);
  }

  /** Lets go of everything up to and including `to`. */
  trimTo(to: Position): void {
    const touched = new Set<Series>();
    const head = this.#head;
    for (;;) {
      const group = this.#groups[this.#groupsHead];
      if (group === undefined || comparePositions(group.last, to) > 0) break;
      for (; this.#head < group.end; this.#head++) touched.add(this.#seriesOf(this.#head));
      this.bytes -= group.bytes;
      this.#groupsHead++;
    }
    if (this.#head === head) return;
    for (const series of touched) this.#trimSeries(series);
    // Arrays are cut once half of them is over, so that each element is moved once at most.
    if (this.#groupsHead * 2 >= this.#groups.length) {
      this.#groups = this.#groups.slice(this.#groupsHead);
      this.#groupsHead = 0;
    }
    const over = Math.floor((this.#head - this.#base) / slabRows);
    if (over === 0) return;
    this.#slabs = this.#slabs.slice(over);
    this.#base += over * slabRows;
  }

  #add(
    tag: string,
    low: number,
    high: number,
    source: Uint8Array,
    from: number,
    length: number,
  ): void {
    let series = this.#series.get(tag);
    if (series === undefined) {
      series = { tag, rows: [] };
      this.#series.set(tag, series);
    }
    const row = this.#end++;
    const at = (row - this.#base) % slabRows;
    if (at === 0) this.#slabs.push(new Slab());
    const slab = this.#slab(row);
    slab.series.push(series);
    slab.sources.push(source);
    slab.times[2 * at] = low;
    slab.times[2 * at + 1] = high;
    slab.from[at] = from;
    slab.lengths[at] = length;
    this.#place(series.rows, row);
  }

  /** All rows since the last group. */
  #group(bytes: number, last: Position): void {
    this.#groups.push({ end: this.#end, bytes, last });
    this.bytes += bytes;
    if (this.bytes > this.#bytesMax) this.#dropOldest();
  }

  /** A sixteenth of them at once: each time all series that are touched are gone through. */
  #dropOldest(): void {
    const wanted = this.#head + Math.floor(this.count / 16);
    let at = this.#groupsHead;
    while ((this.#groups[at]?.end ?? Infinity) <= wanted) at++;
    const group = this.#groups[at];
    if (group === undefined) return;
    this.droppedThrough = group.last;
    this.trimTo(group.last);
  }

  #trimSeries(series: Series): void {
    series.rows = series.rows.filter((row) => row >= this.#head);
    if (series.rows.length === 0) this.#series.delete(series.tag);
  }

  /** Nearly always at the end: producers send as time passes. */
  #place(rows: number[], row: number): void {
    const last = rows.at(-1);
    if (last === undefined || this.#compareTimes(last, row) < 0) {
      rows.push(row);
      return;
    }
    let from = 0;
    let to = rows.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (this.#compareTimes(rows[middle] ?? row, row) < 0) from = middle + 1;
      else to = middle;
    }
    const isSame = this.#compareTimes(rows[from] ?? row, row) === 0;
    rows.splice(from, isSame ? 1 : 0, row);
  }

  /** Without a bigint for each, of which there would be two a measurement. */
  #compareTimes(a: number, b: number): number {
    const { times: left } = this.#slab(a);
    const { times: right } = this.#slab(b);
    const i = 2 * ((a - this.#base) % slabRows);
    const j = 2 * ((b - this.#base) % slabRows);
    const high = (left[i + 1] ?? 0) - (right[j + 1] ?? 0);
    return high === 0 ? ((left[i] ?? 0) >>> 0) - ((right[j] ?? 0) >>> 0) : high;
  }

  #measurement(row: number): Measurement {
    const slab = this.#slab(row);
    const at = (row - this.#base) % slabRows;
    const low = BigInt((slab.times[2 * at] ?? 0) >>> 0);
    const timeNs = (BigInt(slab.times[2 * at + 1] ?? 0) << 32n) | low;
    const from = slab.from[at] ?? 0;
    const values = slab.sources[at]?.subarray(from, from + (slab.lengths[at] ?? 0));
    return { tag: this.#seriesOf(row).tag, timeNs, values: values ?? new Uint8Array(0) };
  }

  #seriesOf(row: number): Series {
    const series = this.#slab(row).series[(row - this.#base) % slabRows];
    if (series === undefined) throw new Error(`There is no row ${row}`);
    return series;
  }

  #slab(row: number): Slab {
    const slab = this.#slabs[Math.floor((row - this.#base) / slabRows)];
    if (slab === undefined) throw new Error(`There is no row ${row}`);
    return slab;
  }
}
