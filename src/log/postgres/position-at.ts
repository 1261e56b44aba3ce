/**
 * Where a time lies in a topic. Entries are in the order of their commits, and are stamped by the node
 * that commits them, so their times rise: the place is found by halving, along the index of positions.
 */

import type { Position } from "../../core/position.ts";
import type { Database } from "./database.ts";
import type { EntryRow } from "./entry.ts";
import type { Topics } from "./topics.ts";

/** Throws `not_found`. */
export async function positionAt(
  database: Database,
  topics: Topics,
  topic: string,
  receivedNs: bigint,
): Promise<Position> {
  const { epoch, start, end } = await topics.bounds(topic);
  const { id } = await topics.incarnation(topic);
  // Entries up to `low` are older, those after `high` are not.
  let low = start.sequence;
  let high = end.sequence;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const entry = await entryAfter(database, id, middle);
    const last = Number(entry?.last_seq ?? high);
    if (entry !== undefined && BigInt(entry.received_ns) < receivedNs) low = Math.min(last, high);
    else high = Math.max(low, Math.min(middle, last - (entry?.count ?? 0)));
  }
  return { epoch, sequence: low, index: 0 };
}

/** The entry that contains the sequence after this one, or the next there is. */
async function entryAfter(
  database: Database,
  topicId: string,
  sequence: number,
): Promise<Omit<EntryRow, "frame"> | undefined> {
  const { sql } = database;
  const [entry] = await database.run(sql<Omit<EntryRow, "frame">[]>`
    SELECT last_seq, count, received_ns FROM log_entries
    WHERE topic_id = ${topicId} AND last_seq > ${sequence} ORDER BY last_seq LIMIT 1`);
  return entry;
}
