/** What a tail holds: by tag and time for those who ask, in the log's order for letting go of it. */
import type { Measurement } from "../core/measurement.ts";
import { comparePositions, epochStart, type Position } from "../core/position.ts";

/** What an entry takes besides its bytes, measured: its objects, and its places in two arrays. */
const entryOverheadBytes = 420;

interface Entry extends Measurement {
  readonly position: Position;
  /** Counts the entries in the log's order. */
  readonly ordinal: number;
}

export class TailEntries {
  readonly #bytesMax: number;
  readonly #series = new Map<string, Entry[]>();
  /** In the log's order from `#head` on; those that a later one has replaced are still there. */
  #queue: Entry[] = [];
  #head = 0;
  #ordinal = 0;
  bytes = 0;
  /** The last that was let go of for want of room. */
  droppedThrough = epochStart(0);

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get count(): number {
    return this.#queue.length - this.#head;
  }

  /** By time, each time once. */
  of(tag: string): readonly Measurement[] {
    return this.#series.get(tag)?.slice() ?? [];
  }

  lastOf(tag: string): Measurement | undefined {
    return this.#series.get(tag)?.at(-1);
  }

  tags(): IterableIterator<string> {
    return this.#series.keys();
  }

  clear(): void {
    this.#series.clear();
    this.#queue = [];
    this.#head = 0;
    this.bytes = 0;
    this.droppedThrough = epochStart(0);
  }

  /**
   * Past the bound the oldest go. Values stay views into their frames, all of whose measurements
   * leave with the same commit: a copy of each would cost more than all the rest of this.
   */
  add({ tag, timeNs, values }: Measurement, position: Position): void {
    const series = this.#series.get(tag) ?? [];
    const entry = {
      // One text for all of a series: each record has a copy of its own.
      tag: series[0]?.tag ?? tag,
      timeNs,
      values,
      position,
      ordinal: this.#ordinal++,
    };
    this.#queue.push(entry);
    this.bytes += bytesOf(entry);
    if (series.length === 0) this.#series.set(tag, series);
    place(series, entry);
    if (this.bytes > this.#bytesMax) this.#dropOldest();
  }

  /** Lets go of everything up to and including `to`. */
  trimTo(to: Position): void {
    let next = this.#queue[this.#head];
    if (next === undefined || comparePositions(next.position, to) > 0) return;
    const tags = new Set<string>();
    while (next !== undefined && comparePositions(next.position, to) <= 0) {
      tags.add(next.tag);
      this.bytes -= bytesOf(next);
      next = this.#queue[++this.#head];
    }
    const kept = next?.ordinal ?? this.#ordinal;
    for (const tag of tags) this.#trimSeries(tag, kept);
    // The array is cut once half of it is over, so that each entry is moved once at most.
    if (this.#head * 2 < this.#queue.length) return;
    this.#queue = this.#queue.slice(this.#head);
    this.#head = 0;
  }

  /** A sixteenth of them at once: each time all series that are touched are gone through. */
  #dropOldest(): void {
    const last = this.#queue[this.#head + Math.floor(this.count / 16)];
    if (last === undefined) return;
    this.droppedThrough = last.position;
    this.trimTo(last.position);
  }

  #trimSeries(tag: string, ordinal: number): void {
    const kept = this.#series.get(tag)?.filter((entry) => entry.ordinal >= ordinal) ?? [];
    if (kept.length === 0) this.#series.delete(tag);
    else this.#series.set(tag, kept);
  }
}

/** Nearly always at the end: producers send as time passes. */
function place(series: Entry[], entry: Entry): void {
  const last = series.at(-1);
  if (last === undefined || last.timeNs < entry.timeNs) {
    series.push(entry);
    return;
  }
  let from = 0;
  let to = series.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((series[middle]?.timeNs ?? 0n) < entry.timeNs) from = middle + 1;
    else to = middle;
  }
  const isSame = series[from]?.timeNs === entry.timeNs;
  series.splice(from, isSame ? 1 : 0, entry);
}

function bytesOf({ tag, values }: Measurement): number {
  return tag.length + values.byteLength + entryOverheadBytes;
}
