/** One commit: the statements that make a group of appends durable, and their answers. */
import { Buffer } from "node:buffer";
import { databaseCode, uniqueViolation, type Database } from "./database.ts";
import { entriesOf, entryOverheadBytes, type Encoded } from "./entry.ts";
import type { Life } from "./topics.ts";

export interface CommitItem extends Encoded {
  readonly dedupId: string | undefined;
}

/** `base`: the sequence before the group's first record. */
export type Committed =
  | { readonly kind: "stored"; readonly base: number; readonly receivedNs: bigint }
  | { readonly kind: "life ended" }
  | { readonly kind: "has duplicates" };

/**
 * Stores all or nothing, in one statement and one round trip. The UPDATE takes the topic's row
 * lock, and the inserts draw their sequences from its answer: whoever comes second waits there.
 */
export async function commit(
  database: Database,
  life: Life,
  items: readonly CommitItem[],
  withinMs: number,
): Promise<Committed> {
  const { sql, clock } = database;
  const entries = entriesOf(items, life.layout);
  const joined = join(items);
  const count = entries.lasts.at(-1) ?? 0;
  const bytes = joined.byteLength + entries.lasts.length * entryOverheadBytes;
  const receivedNs = clock.nowNs();
  const dedup = dedupColumns(items);
  const query = sql<{ readonly base: string }[]>`
    WITH topic AS (
      UPDATE log_topics SET last_seq = last_seq + ${count}, bytes = bytes + ${bytes}
      WHERE id = ${life.id} AND removed_ms IS NULL
      RETURNING id, last_seq - ${count} AS base
    ), entries AS (
      INSERT INTO log_entries (topic_id, last_seq, count, received_ns, key_hash, frame)
      SELECT topic.id, topic.base + e.last, e.count, ${String(receivedNs)}::bigint, e.hash,
        substring(${joined}::bytea FROM e.at + 1 FOR e.length)
      FROM topic, unnest(
        ${arrayLiteral(entries.lasts)}::bigint[], ${arrayLiteral(entries.counts)}::int[],
        ${arrayLiteral(entries.hashes)}::bigint[], ${arrayLiteral(entries.offsets)}::int[],
        ${arrayLiteral(entries.lengths)}::int[]
      ) AS e (last, count, hash, at, length)
    )${
      dedup === undefined
        ? sql``
        : sql`, dedup AS (
      INSERT INTO log_dedup (topic_id, id, first_seq, count, at_ms)
      SELECT topic.id, d.id, topic.base + d.first, d.count, ${clock.nowMs()}::bigint
      FROM topic, unnest(
        ${dedup.ids}::bytea[], ${arrayLiteral(dedup.firsts)}::int[],
        ${arrayLiteral(dedup.counts)}::int[]
      ) AS d (id, first, count)
    )`
    } SELECT base FROM topic`;
  try {
    const [row] = await database.ask(query, withinMs);
    if (row === undefined) return { kind: "life ended" };
    return { kind: "stored", base: Number(row.base), receivedNs };
  } catch (error) {
    if (dedup !== undefined && databaseCode(error) === uniqueViolation) {
      return { kind: "has duplicates" };
    }
    throw error;
  }
}

export interface Known {
  readonly first: number;
  readonly count: number;
}

/** Those of the items' dedup ids that are stored already, and where. */
export async function knownIds(
  database: Database,
  life: Life,
  items: readonly CommitItem[],
  withinMs: number,
): Promise<ReadonlyMap<string, Known>> {
  const { sql } = database;
  const ids = dedupColumns(items)?.ids ?? "{}";
  const rows = await database.ask(
    sql<{ readonly id: Uint8Array; readonly first_seq: string; readonly count: number }[]>`
      SELECT id, first_seq, count FROM log_dedup
      WHERE topic_id = ${life.id} AND id = ANY(${ids}::bytea[])`,
    withinMs,
  );
  const text = new TextDecoder();
  return new Map(
    rows.map(({ id, first_seq, count }) => [text.decode(id), { first: Number(first_seq), count }]),
  );
}

function join(items: readonly CommitItem[]): Uint8Array {
  const [first, second] = items;
  if (first !== undefined && second === undefined) return first.frame;
  let total = 0;
  for (const { frame } of items) total += frame.byteLength;
  const joined = new Uint8Array(total);
  let at = 0;
  for (const { frame } of items) {
    joined.set(frame, at);
    at += frame.byteLength;
  }
  return joined;
}

function dedupColumns(items: readonly CommitItem[]) {
  const ids: string[] = [];
  const firsts: number[] = [];
  const counts: number[] = [];
  let sequence = 1;
  for (const { dedupId, records } of items) {
    if (dedupId !== undefined) {
      // As bytes: an id may hold any character, a zero among them, which `text` refuses.
      ids.push(`"\\\\x${Buffer.from(dedupId).toString("hex")}"`);
      firsts.push(sequence);
      counts.push(records.length);
    }
    sequence += records.length;
  }
  return ids.length === 0 ? undefined : { ids: `{${ids.join(",")}}`, firsts, counts };
}

/** PostgreSQL's text form, by hand: postgres.js quotes and escapes each number. */
function arrayLiteral(values: readonly (number | null)[]): string {
  return `{${values.map((value) => value ?? "null").join(",")}}`;
}
