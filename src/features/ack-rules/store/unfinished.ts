/** The ids of a rule that are not complete, as a table of a statement. */

import { type SQL, sql } from "drizzle-orm";

/** At most `limit`: those overdue for longest, then those due first; each part along its index. */
export function unfinishedIds(rule: number, limit: number): SQL {
  return sql`(
    select * from (
      (${overdueIds(rule, limit)})
      union all
      (select id, state, seen, next_ms, overdue_ms from ack_ids
        where rule = ${rule} and state = 0 order by next_ms, id limit ${limit})
    ) both_states limit ${limit}
  )`;
}

/** At most `limit` ids, as an array in JSON: in the same statement, they agree with the rule's counts. */
export function longestOverdue(rule: number, limit: number): SQL<string[]> {
  return sql`(
    select coalesce(json_agg(id order by overdue_ms, id), '[]')
    from (${overdueIds(rule, limit)}) overdue_longest
  )`;
}

function overdueIds(rule: number, limit: number): SQL {
  return sql`select id, state, seen, next_ms, overdue_ms from ack_ids
    where rule = ${rule} and state = 1 order by overdue_ms, id limit ${limit}`;
}

/** A place's sighting, from its slot. */
export function seenAt(slot: number): SQL {
  return sql`seen[${slot + 1}::int]`;
}

/** The first of all; null where there is not any. */
export function firstSeen(slots: readonly number[]): SQL {
  if (slots.length === 0) return sql`null::bigint`;
  return sql`least(${sql.join(slots.map(seenAt), sql`, `)})`;
}
