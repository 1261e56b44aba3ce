/**
 * The live end of one topic on this node: the newest records in memory, in order and without a gap,
 * shared by all readers there. Records that this node committed are kept as they are, without being
 * read back or decoded; records of other nodes are fetched once for all readers.
 *
 * It does no I/O: `live-buffers.ts` fills it.
 */

import type { StoredFrame } from "../../core/log.ts";
import type { StoredRecord } from "../../core/record.ts";
import type { EncodedRecords, EncodedRun } from "./encoded-records.ts";
import type { TopicIncarnation } from "./topics.ts";

/** Records up to `through`, which may be after the last of them. */
export interface BufferedTo extends EncodedRecords {
  readonly through: number;
}

/** What follows a reader's place: records, nothing yet, or records that are not in memory ("behind"). */
export type ReadResult = BufferedTo | "at the end" | "behind";

interface Chunk {
  /** The sequence before its first record. */
  readonly base: number;
  readonly through: number;
  readonly encoded: EncodedRecords;
  readonly bytes: number;
  byKey?: Map<string, StoredRecord[]>;
}

/** A reader at the end; called with the sequence up to which there is nothing for it. */
type Waiter = (emptyThrough: number) => void;

const ringBytesMax = 1024 ** 2;
const ringChunksMax = 1_024;
const batchRecordsMax = 1_000;

export class LiveBuffer {
  readonly incarnation: TopicIncarnation;
  /** Everything up to here was in the ring or is in it; undefined until a reader reached the end. */
  end: number | undefined;
  /** The newest sequence known to be in the database. */
  known = 0;
  /** The topic was removed or the database is unreachable; readers must query it again. */
  isEnded = false;
  #ring: Chunk[] = [];
  #bytes = 0;
  /** Committed here, while records of other nodes before it are not fetched yet. */
  #early: Chunk[] = [];
  #earlyBytes = 0;
  readonly #waiters = new Set<Waiter>();
  readonly #keyWaiters = new Map<string, Set<Waiter>>();

  constructor(incarnation: TopicIncarnation) {
    this.incarnation = incarnation;
  }

  /** A reader found the topic's end here: newer records come through the buffer. */
  join(end: number): void {
    this.known = Math.max(this.known, end);
    if (this.end !== undefined) return;
    this.end = end;
    this.#takeEarly();
  }

  /** Records that this node committed after `base`. */
  committed(base: number, run: EncodedRun): void {
    this.#follow({ base, through: base + run.count, encoded: run, bytes: run.bytes });
  }

  #follow(chunk: Chunk): void {
    const { base } = chunk;
    this.known = Math.max(this.known, chunk.through);
    if (this.end === base) {
      this.#push(chunk);
      this.#takeEarly();
    } else if (this.end === undefined || base > this.end) {
      // Bounded as the ring is: what does not fit is fetched like the records of other nodes.
      if (this.#early.length >= ringChunksMax) return;
      if (this.#earlyBytes + chunk.bytes > ringBytesMax) return;
      this.#early.push(chunk);
      this.#earlyBytes += chunk.bytes;
    }
  }

  /** The span to fetch: after the end, until the first record that is here already. */
  get missing(): { readonly after: number; readonly until: number | undefined } | undefined {
    if (this.isEnded || this.end === undefined || this.end >= this.known) return undefined;
    return { after: this.end, until: this.#early[0]?.base };
  }

  /** Records read from the database: all that follow `after`. */
  fetched(fetched: BufferedTo & { readonly bytes: number }, after: number): void {
    const { end: base } = this;
    const { through, bytes } = fetched;
    if (base === undefined || through <= base) return;
    const encoded = base === after ? fetched : { records: recordsAfter(fetched.records, base) };
    this.#push({ base, through, encoded, bytes });
    this.#takeEarly();
  }

  take(at: number, key: string | undefined): ReadResult {
    if (this.isEnded || this.end === undefined) return "behind";
    if (at >= this.end) return "at the end";
    const from = this.#chunkAfter(at);
    if (from === undefined) return "behind";
    const chunks: Chunk[] = [];
    for (let i = from, base = at; i < this.#ring.length && base - at < batchRecordsMax; i++) {
      const chunk = this.#ring[i];
      if (chunk === undefined) break;
      chunks.push(chunk);
      base = chunk.through;
    }
    if (key === undefined) return new BufferedChunks(chunks, at);
    const records = chunks.flatMap((chunk) => recordsAfter(recordsOfKey(chunk, key), at));
    return { records, through: chunks.at(-1)?.through ?? at };
  }

  /**
   * Resolves when there may be something after `at`, the end that the reader has reached, with the
   * place to continue from. Records of other keys do not wake a reader of a key.
   */
  wait(at: number, key: string | undefined, signal: AbortSignal): Promise<number> {
    return new Promise((resolve) => {
      if (this.isEnded || signal.aborted || at < (this.end ?? 0)) return resolve(at);
      const waiters = key === undefined ? this.#waiters : this.#waitersOf(key);
      const done = (emptyThrough: number) => {
        waiters.delete(done);
        if (key !== undefined && waiters.size === 0) this.#keyWaiters.delete(key);
        signal.removeEventListener("abort", aborted);
        resolve(Math.max(at, emptyThrough));
      };
      const aborted = () => done(at);
      waiters.add(done);
      signal.addEventListener("abort", aborted);
    });
  }

  /** Moves readers of keys past records of other keys. */
  advanceKeys(): void {
    const { end } = this;
    if (end !== undefined) for (const waiters of [...this.#keyWaiters.values()]) wake(waiters, end);
  }

  /** Sends every reader back to the database, which knows what became of the topic. */
  close(): void {
    this.isEnded = true;
    this.#ring = [];
    this.#early = [];
    wake(this.#waiters, 0);
    for (const waiters of [...this.#keyWaiters.values()]) wake(waiters, 0);
  }

  #waitersOf(key: string): Set<Waiter> {
    let waiters = this.#keyWaiters.get(key);
    if (waiters === undefined) {
      waiters = new Set();
      this.#keyWaiters.set(key, waiters);
    }
    return waiters;
  }

  #push(chunk: Chunk): void {
    this.end = chunk.through;
    this.#ring.push(chunk);
    this.#bytes += chunk.bytes;
    let dropped = 0;
    while (this.#bytes > ringBytesMax || this.#ring.length - dropped > ringChunksMax) {
      this.#bytes -= this.#ring[dropped++]?.bytes ?? 0;
    }
    if (dropped > 0) this.#ring.splice(0, dropped);
    wake(this.#waiters, chunk.base);
    if (this.#keyWaiters.size === 0) return;
    for (const { record } of chunk.encoded.records) {
      const waiters = this.#keyWaiters.get(record.key);
      if (waiters !== undefined) wake(waiters, chunk.base);
    }
  }

  #takeEarly(): void {
    const { end } = this;
    if (end === undefined || this.#early.length === 0) return;
    const early = this.#early;
    this.#early = [];
    this.#earlyBytes = 0;
    // Each one either follows now, or keeps waiting, or was fetched meanwhile.
    for (const chunk of early) this.#follow(chunk);
  }

  /** Index of the chunk that contains the record after `at`. */
  #chunkAfter(at: number): number | undefined {
    let low = 0;
    let high = this.#ring.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#ring[middle]?.base ?? 0) <= at) low = middle;
      else high = middle - 1;
    }
    const chunk = this.#ring[low];
    return chunk !== undefined && chunk.base <= at ? low : undefined;
  }
}

/** The records of some chunks after a reader's place. */
class BufferedChunks implements BufferedTo {
  readonly through: number;
  readonly #chunks: readonly Chunk[];
  readonly #at: number;

  constructor(chunks: readonly Chunk[], at: number) {
    this.#chunks = chunks;
    this.#at = at;
    this.through = chunks.at(-1)?.through ?? at;
  }

  get records(): readonly StoredRecord[] {
    return this.#chunks.flatMap(({ base, encoded }) =>
      base >= this.#at ? encoded.records : recordsAfter(encoded.records, this.#at),
    );
  }

  get frames(): readonly StoredFrame[] | undefined {
    const frames: StoredFrame[] = [];
    for (const { base, encoded } of this.#chunks) {
      if (base < this.#at || encoded.frames === undefined) return undefined;
      frames.push(...encoded.frames);
    }
    return frames;
  }
}

function recordsAfter(records: readonly StoredRecord[], at: number): readonly StoredRecord[] {
  return records.filter(({ position }) => position.sequence > at);
}

function recordsOfKey(chunk: Chunk, key: string): readonly StoredRecord[] {
  const { records } = chunk.encoded;
  // A map pays off only where many keys share a chunk, as under group commit.
  if (records.length < 8) return records.filter(({ record }) => record.key === key);
  chunk.byKey ??= Map.groupBy(records, ({ record }) => record.key);
  return chunk.byKey.get(key) ?? [];
}

function wake(waiters: Set<Waiter>, emptyThrough: number): void {
  for (const waiter of [...waiters]) waiter(emptyThrough);
}
