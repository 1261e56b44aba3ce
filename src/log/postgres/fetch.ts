/** Reads entries from the database, with the topic's bounds as of the same snapshot. */

import type { Fragment } from "postgres";
import type { Turn } from "../../core/budget/turn.ts";
import type { Bounds, StoredFrame } from "../../core/log.ts";
import type { StoredRecord } from "../../core/record.ts";
import type { Database } from "./database.ts";
import type { EncodedRecords } from "./encoded-records.ts";
import { type EntryRow, recordsInTurns, recordsOf } from "./entry.ts";
import { keyHash } from "./key-hash.ts";
import { boundsOf, type TopicIncarnation } from "./topics.ts";

export interface Span {
  /** The sequence to read after; undefined: the oldest kept. */
  readonly after: number | undefined;
  /** The last sequence to read; undefined: the newest. */
  readonly until?: number | undefined;
  readonly key?: string | undefined;
}

export interface Fetched extends EncodedRecords {
  readonly bounds: Bounds;
  /** The sequence up to which `records` is complete. */
  readonly through: number;
  /** Size of the frames. */
  readonly bytes: number;
  /** Decodes `records` in turns, before they are read. */
  decode(turn: Turn): Promise<void>;
}

/** Entries of one fetch; one more than the bytes allow is fetched, so that a large one passes. */
const rowsMax = 1_000;
const bytesMax = 1024 ** 2;

/** What a record counts as besides its bytes: a million of one byte would be objects of half a gigabyte. */
const recordBytes = 32;

interface FetchedRow extends Partial<EntryRow> {
  readonly epoch: string;
  readonly trimmed_seq: string;
  readonly topic_last_seq: string;
  readonly last_seq: string;
}

/**
 * The next records of a span, or undefined when the topic was removed. One statement is one snapshot:
 * no record up to `bounds.end` can be missing from it, because sequences are drawn in commit order.
 */
export async function fetchSpan(
  database: Database,
  incarnation: TopicIncarnation,
  span: Span,
): Promise<Fetched | undefined> {
  const { sql } = database;
  const { key } = span;
  const hash =
    key === undefined || key === "" || incarnation.layout === "frames" ? undefined : keyHash(key);
  const ofKey = hash === undefined ? sql`` : sql`AND e.key_hash = ${hash}`;
  const rows = await database.run(sql<FetchedRow[]>`
    SELECT t.epoch, t.trimmed_seq, t.last_seq AS topic_last_seq,
      e.last_seq, e.count, e.received_ns, e.frame
    FROM log_topics t LEFT JOIN LATERAL (
      SELECT w.last_seq, w.count, w.received_ns, w.frame FROM (
        SELECT e.last_seq, e.count, e.received_ns, e.frame,
          sum(octet_length(e.frame) + e.count * ${recordBytes}::int)
            OVER (ORDER BY e.last_seq ROWS UNBOUNDED PRECEDING)
            - octet_length(e.frame) - e.count * ${recordBytes}::int AS bytes_before
        FROM log_entries e
        WHERE e.topic_id = t.id AND e.last_seq > greatest(${span.after ?? 0}::bigint, t.trimmed_seq)
          ${untilClause(database, incarnation, span.until)} ${ofKey}
        ORDER BY e.last_seq LIMIT ${rowsMax}
      ) w WHERE w.bytes_before < ${bytesMax}
    ) e ON true
    WHERE t.id = ${incarnation.id} AND t.removed_ms IS NULL
    ORDER BY e.last_seq`);
  const [first] = rows;
  if (first === undefined) return undefined;
  const bounds = boundsOf({ ...first, last_seq: first.topic_last_seq });
  return new FetchedRows(incarnation, span, rows.filter(isEntry), {
    bounds,
    through: throughOf(rows, bounds.end.sequence, span.until),
  });
}

/** A row of nulls means that the topic exists and has no such entry. */
function isEntry(row: FetchedRow): row is FetchedRow & EntryRow {
  return row.count !== null && row.count !== undefined;
}

interface Found {
  readonly bounds: Bounds;
  readonly through: number;
}

class FetchedRows implements Fetched {
  readonly bounds: Bounds;
  readonly through: number;
  readonly #incarnation: TopicIncarnation;
  readonly #span: Span;
  readonly #rows: readonly EntryRow[];
  #records: readonly StoredRecord[] | undefined;

  constructor(
    incarnation: TopicIncarnation,
    span: Span,
    rows: readonly EntryRow[],
    { bounds, through }: Found,
  ) {
    this.bounds = bounds;
    this.through = through;
    this.#incarnation = incarnation;
    this.#span = span;
    this.#rows = rows;
  }

  get bytes(): number {
    let bytes = 0;
    for (const { frame } of this.#rows) bytes += frame.byteLength;
    return bytes;
  }

  get records(): readonly StoredRecord[] {
    return (this.#records ??= this.#decode());
  }

  get frames(): readonly StoredFrame[] | undefined {
    const { epoch, layout } = this.#incarnation;
    const { after = 0, key } = this.#span;
    if (layout !== "frames" || key !== undefined) return undefined;
    const frames: StoredFrame[] = [];
    for (const { frame: bytes, last_seq, count, received_ns } of this.#rows) {
      const sequence = Number(last_seq);
      if (sequence - count < after || sequence > this.through) return undefined;
      const last = { epoch, sequence, index: 0 };
      frames.push({ bytes, receivedNs: BigInt(received_ns), last });
    }
    return frames;
  }

  async decode(turn: Turn): Promise<void> {
    const { key } = this.#span;
    const records: StoredRecord[] = [];
    for (const row of this.#rows) {
      if (turn.isOver) await turn.next();
      const decoded = await recordsInTurns(row, this.#incarnation.epoch, { turn, key });
      for (const each of decoded) if (this.#isWithin(each)) records.push(each);
    }
    this.#records = records;
  }

  #decode(): readonly StoredRecord[] {
    const records: StoredRecord[] = [];
    for (const row of this.#rows) {
      for (const each of recordsOf(row, this.#incarnation.epoch)) {
        if (this.#isWithin(each)) records.push(each);
      }
    }
    return records;
  }

  #isWithin({ position: { sequence }, record }: StoredRecord): boolean {
    const { after = 0, key } = this.#span;
    if (sequence <= after || sequence > this.through) return false;
    return key === undefined || record.key === key;
  }
}

/** Ends at the entry that contains `until`: found in the index, without reading to the end. */
function untilClause(
  { sql }: Database,
  incarnation: TopicIncarnation,
  until: number | undefined,
): Fragment {
  if (until === undefined) return sql``;
  return sql`AND e.last_seq <= coalesce((
    SELECT min(x.last_seq) FROM log_entries x WHERE x.topic_id = ${incarnation.id} AND x.last_seq >= ${until}
  ), ${until})`;
}

function throughOf(rows: readonly FetchedRow[], end: number, until = Infinity): number {
  let bytes = 0;
  let last = 0;
  for (const { frame, count = 0, last_seq } of rows) {
    bytes += (frame?.byteLength ?? 0) + (count ?? 0) * recordBytes;
    last = Number(last_seq);
  }
  // Cut short by a limit: complete up to the last row. Otherwise there is nothing else up to the end.
  const isCut = rows.length >= rowsMax || bytes >= bytesMax;
  return Math.min(isCut ? last : end, until);
}
