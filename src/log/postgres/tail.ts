/**
 * The live end of one topic on this node: the newest records in memory, in order and without a
 * gap, shared by all who wait there. A record committed here is taken over as it is, without
 * being read back or decoded; one committed elsewhere is fetched once, whoever many wait for it.
 *
 * It is pure memory and pure bookkeeping: `tails.ts` fills it and tells it what happens.
 */
import type { StoredRecord } from "../../core/record.ts";
import { recordBytes } from "../../core/record.ts";
import type { Life } from "./topics.ts";

/** What a reader finds after its place: records, nothing yet, or nothing in memory ("behind"). */
export type Taken =
  { readonly records: readonly StoredRecord[]; readonly through: number } | "at the end" | "behind";

interface Chunk {
  /** Sequence before its first record. */
  readonly base: number;
  readonly records: readonly StoredRecord[];
  readonly bytes: number;
  byKey?: Map<string, StoredRecord[]>;
}

/** A reader that stands at the end; called with the sequence up to which nothing concerns it. */
type Waiter = (nothingUpTo: number) => void;

const ringBytesMax = 1024 ** 2;
const ringChunksMax = 1_024;
const batchRecordsMax = 1_000;

export class Tail {
  readonly life: Life;
  /** Everything up to here was in the ring or is in it; undefined until a reader came to the end. */
  end: number | undefined;
  /** The newest sequence that is known to be in the database. */
  known = 0;
  /** The life ended, or the database is away: who waits has to ask the database again. */
  isOver = false;
  #ring: Chunk[] = [];
  #bytes = 0;
  /** Committed here, while others' records before it are still to be fetched. */
  #early: Chunk[] = [];
  #earlyBytes = 0;
  readonly #waiters = new Set<Waiter>();
  readonly #keyWaiters = new Map<string, Set<Waiter>>();

  constructor(life: Life) {
    this.life = life;
  }

  /** A reader found the topic's end here: what is newer comes through the tail. */
  join(end: number): void {
    this.known = Math.max(this.known, end);
    if (this.end !== undefined) return;
    this.end = end;
    this.#takeEarly();
  }

  /** Records that this node committed after `base`. */
  committed(base: number, records: readonly StoredRecord[]): void {
    this.known = Math.max(this.known, base + records.length);
    const chunk = chunkOf(base, records);
    if (this.end === base) {
      this.#push(chunk);
      this.#takeEarly();
    } else if (this.end === undefined || base > this.end) {
      // Bounded as the ring is: what does not fit is fetched like anyone else's.
      if (this.#early.length >= ringChunksMax) return;
      if (this.#earlyBytes + chunk.bytes > ringBytesMax) return;
      this.#early.push(chunk);
      this.#earlyBytes += chunk.bytes;
    }
  }

  /** What is to be fetched: `after`, `until` the first record that is here already. */
  get missing(): { readonly after: number; readonly until: number | undefined } | undefined {
    if (this.isOver || this.end === undefined || this.end >= this.known) return undefined;
    return { after: this.end, until: this.#early[0]?.base };
  }

  /** Records read from the database: all that stand after `end` and up to `through`. */
  fetched(records: readonly StoredRecord[], through: number): void {
    if (this.end === undefined || through <= this.end) return;
    const base = this.end;
    const fresh = records.filter(({ position }) => position.sequence > base);
    this.#push(chunkOf(base, fresh), through);
    this.#takeEarly();
  }

  take(at: number, key: string | undefined): Taken {
    if (this.isOver || this.end === undefined) return "behind";
    if (at >= this.end) return "at the end";
    const from = this.#chunkAfter(at);
    if (from === undefined) return "behind";
    const records: StoredRecord[] = [];
    let through = at;
    for (let i = from; i < this.#ring.length && records.length < batchRecordsMax; i++) {
      const chunk = this.#ring[i];
      if (chunk === undefined) break;
      const candidates = key === undefined ? chunk.records : recordsOfKey(chunk, key);
      for (const each of candidates) if (each.position.sequence > at) records.push(each);
      through = this.#ring[i + 1]?.base ?? this.end;
    }
    return { records, through };
  }

  /**
   * Resolves when there may be something after `at`, where the reader stands at the end, with the
   * place to go on from. A reader of a key sleeps through the records of all others.
   */
  wait(at: number, key: string | undefined, signal: AbortSignal): Promise<number> {
    return new Promise((resolve) => {
      if (this.isOver || signal.aborted || at < (this.end ?? 0)) return resolve(at);
      const waiters = key === undefined ? this.#waiters : this.#waitersOf(key);
      const done = (nothingUpTo: number) => {
        waiters.delete(done);
        if (key !== undefined && waiters.size === 0) this.#keyWaiters.delete(key);
        signal.removeEventListener("abort", aborted);
        resolve(Math.max(at, nothingUpTo));
      };
      const aborted = () => done(at);
      waiters.add(done);
      signal.addEventListener("abort", aborted);
    });
  }

  /** Lets readers of keys know how far the topic has come without a record of theirs. */
  advanceKeys(): void {
    const { end } = this;
    if (end !== undefined) for (const waiters of [...this.#keyWaiters.values()]) wake(waiters, end);
  }

  /** Sends every reader back to the database, to learn there what became of the topic. */
  over(): void {
    this.isOver = true;
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

  #push(chunk: Chunk, through = chunk.base + chunk.records.length): void {
    this.end = through;
    this.#ring.push(chunk);
    this.#bytes += chunk.bytes;
    let dropped = 0;
    while (this.#bytes > ringBytesMax || this.#ring.length - dropped > ringChunksMax) {
      this.#bytes -= this.#ring[dropped++]?.bytes ?? 0;
    }
    if (dropped > 0) this.#ring.splice(0, dropped);
    wake(this.#waiters, chunk.base);
    if (this.#keyWaiters.size === 0) return;
    for (const { record } of chunk.records) {
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
    // Pushed again in turn: each either follows now, or waits on, or was fetched meanwhile.
    for (const { base, records } of early) this.committed(base, records);
  }

  /** Index of the chunk that holds the record after `at`. */
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

function chunkOf(base: number, records: readonly StoredRecord[]): Chunk {
  let bytes = 0;
  for (const { record } of records) bytes += recordBytes(record);
  return { base, records, bytes };
}

function recordsOfKey(chunk: Chunk, key: string): readonly StoredRecord[] {
  // A map pays only where many keys share a chunk, as under group commit.
  if (chunk.records.length < 8) return chunk.records.filter(({ record }) => record.key === key);
  chunk.byKey ??= Map.groupBy(chunk.records, ({ record }) => record.key);
  return chunk.byKey.get(key) ?? [];
}

function wake(waiters: Set<Waiter>, nothingUpTo: number): void {
  for (const waiter of [...waiters]) waiter(nothingUpTo);
}
