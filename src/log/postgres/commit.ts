/** One commit: the statement that makes a group of appends durable, and its outcomes. */

import type { Fragment } from "postgres";
import type { Batch } from "../../core/batch.ts";
import type { ProducerRun } from "../../core/log.ts";
import { lossyTextFromUtf8 } from "../../core/utf8.ts";
import { arrayOfNumbers, arrayOfUtf8 } from "../../postgres/arrays.ts";
import { errorCode, uniqueViolation } from "../../postgres/error-code.ts";
import { type ProducerState, stateAfter } from "../producers.ts";
import type { Database } from "./database.ts";
import { entriesOf, entryOverheadBytes } from "./entry.ts";
import type { TopicIncarnation } from "./topics.ts";

/** SQLSTATE that a commit raises when a producer's state has changed. */
const divisionByZero = "22012";

export interface CommitItem {
  readonly batch: Batch;
  readonly dedupId?: string | undefined;
  readonly producer?: ProducerRun | undefined;
  /** The producer's state in the log, as far as this node knows. */
  readonly state?: ProducerState | undefined;
}

/** `base` is the sequence before the group's first record. */
export type Committed =
  | { readonly kind: "stored"; readonly base: number; readonly receivedNs: bigint }
  | { readonly kind: "removed" }
  | { readonly kind: "has duplicates" }
  /** A producer's state has changed since this node read it. */
  | { readonly kind: "stale producers" };

/**
 * Stores all or nothing, in one statement and one round trip. The UPDATE takes the topic's row lock,
 * and the inserts draw their sequences from its result: a concurrent commit waits there.
 */
export async function commit(
  database: Database,
  incarnation: TopicIncarnation,
  items: readonly CommitItem[],
  withinMs: number,
): Promise<Committed> {
  const { sql, clock } = database;
  const entries = entriesOf(
    items.map(({ batch }) => batch),
    incarnation.layout,
  );
  const joined = join(items);
  const count = entries.lasts.at(-1) ?? 0;
  const bytes = joined.byteLength + entries.lasts.length * entryOverheadBytes;
  const receivedNs = clock.nowNs();
  const dedup = dedupColumns(items);
  const producers = producerColumns(items);
  const query = sql<{ readonly base: string }[]>`
    WITH topic AS (
      UPDATE log_topics SET last_seq = last_seq + ${count}, bytes = bytes + ${bytes}
      WHERE id = ${incarnation.id} AND removed_ms IS NULL
      RETURNING id, last_seq - ${count} AS base
    ), entries AS (
      INSERT INTO log_entries (topic_id, last_seq, count, received_ns, key_hash, frame)
      SELECT topic.id, topic.base + e.last, e.count, ${String(receivedNs)}::bigint, e.hash,
        substring(${joined}::bytea FROM e.at + 1 FOR e.length)
      FROM topic, unnest(
        ${arrayOfNumbers(entries.lasts)}::bigint[], ${arrayOfNumbers(entries.counts)}::int[],
        ${arrayOfNumbers(entries.hashes)}::bigint[], ${arrayOfNumbers(entries.offsets)}::int[],
        ${arrayOfNumbers(entries.lengths)}::int[]
      ) AS e (last, count, hash, at, length)
    )${dedupClause(database, dedup)}${producersClause(database, producers)}
    SELECT base${unlessStale(database, producers)} FROM topic`;
  try {
    const [row] = await database.run(query, withinMs);
    if (row === undefined) return { kind: "removed" };
    return { kind: "stored", base: Number(row.base), receivedNs };
  } catch (error) {
    if (dedup !== undefined && errorCode(error) === uniqueViolation) {
      return { kind: "has duplicates" };
    }
    if (producers !== undefined && errorCode(error) === divisionByZero) {
      return { kind: "stale producers" };
    }
    throw error;
  }
}

/** Stores the items' dedup ids; a known one is a unique violation, which undoes the commit. */
function dedupClause({ sql, clock }: Database, dedup: DedupColumns | undefined): Fragment {
  if (dedup === undefined) return sql``;
  return sql`, dedup AS (
      INSERT INTO log_dedup (topic_id, id, first_seq, count, at_ms)
      SELECT topic.id, d.id, topic.base + d.first, d.count, ${clock.nowMs()}::bigint
      FROM topic, unnest(
        ${dedup.ids}::bytea[], ${arrayOfNumbers(dedup.firsts)}::int[],
        ${arrayOfNumbers(dedup.counts)}::int[]
      ) AS d (id, first, count)
    )`;
}

/** Moves the producers whose state is still the one that this node knows. */
function producersClause(
  { sql, clock }: Database,
  producers: ProducerColumns | undefined,
): Fragment {
  if (producers === undefined) return sql``;
  return sql`, producers AS (
      INSERT INTO log_producers AS p
        (topic_id, id, epoch, sequence, last_seq, from_epoch, from_sequence, at_ms)
      SELECT topic.id, d.id, d.epoch, d.sequence, topic.base + d.last, d.from_epoch,
        d.from_sequence, ${clock.nowMs()}::bigint
      FROM topic, unnest(
        ${producers.ids}::bytea[], ${arrayOfNumbers(producers.epochs)}::bigint[],
        ${arrayOfNumbers(producers.sequences)}::bigint[], ${arrayOfNumbers(producers.lasts)}::int[],
        ${arrayOfNumbers(producers.fromEpochs)}::bigint[],
        ${arrayOfNumbers(producers.fromSequences)}::bigint[]
      ) AS d (id, epoch, sequence, last, from_epoch, from_sequence)
      ON CONFLICT (topic_id, id) DO UPDATE SET epoch = excluded.epoch,
        sequence = excluded.sequence, last_seq = excluded.last_seq,
        from_epoch = excluded.from_epoch, from_sequence = excluded.from_sequence,
        at_ms = excluded.at_ms
      WHERE p.epoch = excluded.from_epoch AND p.sequence = excluded.from_sequence
      RETURNING 1
    )`;
}

/** A column that undoes the commit unless all producers moved: by the one error that SQL alone can raise. */
function unlessStale({ sql }: Database, producers: ProducerColumns | undefined): Fragment {
  if (producers === undefined) return sql``;
  return sql`, 1 / (CASE WHEN (SELECT count(*) FROM producers) = ${producers.epochs.length}
          THEN 1 ELSE 0 END) AS taken`;
}

export interface Known {
  readonly first: number;
  readonly count: number;
}

/** The dedup ids of the items that are stored already, with their positions. */
export async function knownIds(
  database: Database,
  incarnation: TopicIncarnation,
  items: readonly CommitItem[],
  withinMs: number,
): Promise<ReadonlyMap<string, Known>> {
  const { sql } = database;
  const ids = dedupColumns(items)?.ids ?? "{}";
  const rows = await database.run(
    sql<{ readonly id: Uint8Array; readonly first_seq: string; readonly count: number }[]>`
      SELECT id, first_seq, count FROM log_dedup
      WHERE topic_id = ${incarnation.id} AND id = ANY(${ids}::bytea[])`,
    withinMs,
  );
  return new Map(
    rows.map(({ id, first_seq, count }) => [
      lossyTextFromUtf8(id),
      { first: Number(first_seq), count },
    ]),
  );
}

function join(items: readonly CommitItem[]): Uint8Array {
  const [first, second] = items;
  if (first !== undefined && second === undefined) return first.batch.frame;
  let total = 0;
  for (const { batch } of items) total += batch.frame.byteLength;
  const joined = new Uint8Array(total);
  let at = 0;
  for (const { batch } of items) {
    joined.set(batch.frame, at);
    at += batch.frame.byteLength;
  }
  return joined;
}

interface DedupColumns {
  readonly ids: string;
  readonly firsts: readonly number[];
  readonly counts: readonly number[];
}

function dedupColumns(items: readonly CommitItem[]): DedupColumns | undefined {
  const ids: string[] = [];
  const firsts: number[] = [];
  const counts: number[] = [];
  let sequence = 1;
  for (const { dedupId, batch } of items) {
    if (dedupId !== undefined) {
      ids.push(dedupId);
      firsts.push(sequence);
      counts.push(batch.count);
    }
    sequence += batch.count;
  }
  return ids.length === 0 ? undefined : { ids: arrayOfUtf8(ids), firsts, counts };
}

interface ProducerColumns {
  readonly ids: string;
  readonly epochs: readonly number[];
  readonly sequences: readonly number[];
  readonly lasts: readonly number[];
  readonly fromEpochs: readonly number[];
  readonly fromSequences: readonly number[];
}

function producerColumns(items: readonly CommitItem[]): ProducerColumns | undefined {
  const ids: string[] = [];
  const columns = {
    epochs: [] as number[],
    sequences: [] as number[],
    lasts: [] as number[],
    fromEpochs: [] as number[],
    fromSequences: [] as number[],
  };
  let last = 0;
  for (const { producer, state, batch } of items) {
    last += batch.count;
    if (producer === undefined) continue;
    const after = stateAfter(producer);
    ids.push(producer.id);
    columns.epochs.push(after.epoch);
    columns.sequences.push(after.sequence);
    columns.lasts.push(last);
    columns.fromEpochs.push(state?.epoch ?? -1);
    columns.fromSequences.push(state?.sequence ?? -1);
  }
  return ids.length === 0 ? undefined : { ids: arrayOfUtf8(ids), ...columns };
}
