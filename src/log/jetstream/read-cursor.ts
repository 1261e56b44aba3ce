/** The cursor of one read: its position, and which records it returns. */

import type { Turn } from "../../core/budget/turn.ts";
import type { LogBatch, ReadOptions, StoredFrame } from "../../core/log.ts";
import { comparePositions, type Position } from "../../core/position.ts";
import type { StoredRecord } from "../../core/record.ts";
import type { DecodedIncarnation } from "./decoded.ts";
import { entryOfPosition, isFrame, recordsInTurns, type StoredEntry } from "./entry.ts";
import type { TopicIncarnation } from "./stream.ts";
import { subjectFromKey } from "./subject.ts";

export class ReadCursor {
  readonly incarnation: TopicIncarnation;
  readonly until: Position | undefined;
  /** Undefined: all subjects. */
  readonly filter: string | undefined;
  readonly #key: string | undefined;
  readonly #turn: Turn | undefined;
  readonly #decoded: DecodedIncarnation;
  #at: Position;

  #mayStartAnywhere: boolean;

  constructor(
    incarnation: TopicIncarnation,
    at: Position,
    { after, key, until, turn }: ReadOptions,
    decoded: DecodedIncarnation,
  ) {
    this.incarnation = incarnation;
    this.#decoded = decoded;
    this.until = until;
    this.#key = key;
    this.#turn = turn;
    this.#at = at;
    this.#mayStartAnywhere = after === "earliest";
    // Frames contain records of many keys, which are filtered after decoding.
    this.filter =
      key === undefined || incarnation.layout === "frames"
        ? undefined
        : subjectFromKey(incarnation.root, key);
  }

  get at(): Position {
    return this.#at;
  }

  /** True for a read from the oldest kept record until it has returned a batch. */
  get mayStartAnywhere(): boolean {
    return this.#mayStartAnywhere;
  }

  /** Upper bound of the entries up to `until`. Of one key: few, because that is unknown. */
  entriesMax(until: Position): number {
    return this.filter === undefined ? entryOfPosition(until) - this.#at.sequence : 0;
  }

  get isDone(): boolean {
    return this.until !== undefined && comparePositions(this.#at, this.until) >= 0;
  }

  /** As `batch`, decoded in turns where the reader requested that. */
  async decodedBatch(entries: readonly StoredEntry[], through: number): Promise<LogBatch> {
    const batch = this.batch(entries, through);
    if (this.#turn !== undefined) await batch.decode(this.#turn, this.incarnation);
    return batch;
  }

  /** The matching records of these entries; moves the position to the end of the entry `through`. */
  batch(entries: readonly StoredEntry[], through: number): EntriesBatch {
    const { incarnation, until } = this;
    const after = this.#at;
    this.#mayStartAnywhere = false;
    const end = { epoch: incarnation.epoch, sequence: through, index: 0 };
    this.#at = until !== undefined && comparePositions(end, until) > 0 ? until : end;
    const range = { after, through: this.#at, key: this.#key };
    return new EntriesBatch(entries, range, this.#decoded);
  }
}

interface ReadRange {
  readonly after: Position;
  readonly through: Position;
  readonly key: string | undefined;
}

/** Entries that are decoded when their records are first read: not all readers need them. */
class EntriesBatch implements LogBatch {
  readonly through: Position;
  readonly #entries: readonly StoredEntry[];
  readonly #range: ReadRange;
  readonly #decoded: DecodedIncarnation;
  #records: readonly StoredRecord[] | undefined;

  constructor(entries: readonly StoredEntry[], range: ReadRange, decoded: DecodedIncarnation) {
    this.through = range.through;
    this.#entries = entries;
    this.#range = range;
    this.#decoded = decoded;
  }

  get records(): readonly StoredRecord[] {
    return (this.#records ??= this.#decode());
  }

  get frames(): readonly StoredFrame[] | undefined {
    const { after, through, key } = this.#range;
    if (key !== undefined) return undefined;
    const first = after.index === 0 ? after.sequence + 1 : after.sequence + 2;
    const frames: StoredFrame[] = [];
    for (const { sequence, receivedNs, payload, headers } of this.#entries) {
      const isWhole = sequence >= first && sequence <= through.sequence;
      if (!isWhole || !isFrame(headers)) return undefined;
      const last = { epoch: through.epoch, sequence, index: 0 };
      frames.push({ bytes: payload, receivedNs, last });
    }
    return frames;
  }

  /** Of a key that is searched for, nothing is kept for other readers. */
  async decode(turn: Turn, { root, epoch }: TopicIncarnation): Promise<void> {
    const { key } = this.#range;
    const records: StoredRecord[] = [];
    for (const entry of this.#entries) {
      if (turn.isOver) await turn.next();
      const decoded =
        this.#decoded.cached(entry) ?? (await recordsInTurns(root, epoch, entry, { turn, key }));
      for (const stored of decoded) if (this.#isWithin(stored)) records.push(stored);
    }
    this.#records = records;
  }

  #decode(): readonly StoredRecord[] {
    const records: StoredRecord[] = [];
    for (const entry of this.#entries) {
      for (const stored of this.#decoded.records(entry)) {
        if (this.#isWithin(stored)) records.push(stored);
      }
    }
    return records;
  }

  #isWithin({ position, record }: StoredRecord): boolean {
    const { after, through, key } = this.#range;
    if (comparePositions(position, after) <= 0 || comparePositions(position, through) > 0) {
      return false;
    }
    return key === undefined || record.key === key;
  }
}
