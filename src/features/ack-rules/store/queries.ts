/** Queries of the users of a rule. Those by hand count by which slots have a sighting. */

import { and, eq, inArray, type SQL, sql } from "drizzle-orm";
import type { Database } from "../../../postgres/database.ts";
import { statement } from "../../../postgres/statement.ts";
import type {
  AckQueryStore,
  CombinationRow,
  CombinationsQuery,
  IdsQuery,
  SeenQuery,
  SeenRow,
  TimeLeftAxis,
} from "../queries.ts";
import { type AckId, ackIdStates, type AckRule, placeNames } from "../rule.ts";
import { ackIdFromRow } from "./id-rows.ts";
import { countColumns } from "./rule-row.ts";
import { ackIds, ackRules } from "./tables.ts";
import { firstSeen, seenAt, unfinishedIds } from "./unfinished.ts";

export function createAckQueries(database: Database): AckQueryStore {
  const { db, run } = database;
  return {
    async countsOf(rules) {
      if (rules.length === 0) return new Map();
      const rows = await run(() =>
        db
          .select({ number: ackRules.number, counts: countColumns })
          .from(ackRules)
          .where(inArray(ackRules.number, [...rules])),
      );
      return new Map(rows.map(({ number, counts }) => [number, counts]));
    },
    ids: (rule, query) => idsOf(database, rule, query),
    combinations: (rule, query) => combinationsOf(database, rule, query),
    seen: (rule, query) => seenOf(database, rule, query),
  };
}

async function idsOf(
  { db, run }: Database,
  rule: AckRule,
  { state, missing, after, limit }: IdsQuery,
): Promise<readonly AckId[]> {
  const { nextMs, overdueMs, id } = ackIds;
  const by = state === "overdue" ? overdueMs : nextMs;
  // Complete ids have the largest times: from the end of the index they are found at once.
  const [order, beyond] = state === "complete" ? [sql`desc`, sql`<`] : [sql`asc`, sql`>`];
  const place = missing === undefined ? -1 : placeNames(rule).indexOf(missing);
  if (missing !== undefined && place < 0) return [];
  const rows = await run(() =>
    db
      .select()
      .from(ackIds)
      .where(
        and(
          eq(ackIds.rule, rule.number),
          // Without a parameter, as the conditions of the indexes are.
          sql`${ackIds.state} = ${sql.raw(String(ackIdStates.indexOf(state)))}`,
          after && sql`(${by}, ${id}) ${beyond} (${after.ms}::bigint, ${after.id}::text)`,
          missing === undefined ? undefined : sql`${seenAt(rule.slots[place] ?? 0)} is null`,
        ),
      )
      .orderBy(sql`${by} ${order}`, sql`${id} ${order}`)
      .limit(limit),
  );
  return rows.map((row) => ackIdFromRow(row, rule));
}

async function combinationsOf(
  { db, run }: Database,
  rule: AckRule,
  { axis, nowMs, idsMax }: CombinationsQuery,
): ReturnType<AckQueryStore["combinations"]> {
  const bits = rule.slots.map(
    (slot, place) => sql`case when ${seenAt(slot)} is null then 0 else ${2 ** place}::bigint end`,
  );
  const rows = await run(() =>
    statement<{ mask: string; state: number; bin: number | null; n: string; oldest: string[] }>(
      db,
      sql`
        select ${sql.join(bits, sql` + `)} as mask, state, ${binOf(axis, nowMs)} as bin,
          count(*) as n,
          to_json(min(array[lpad(coalesce(${firstSeen(rule.slots)}, 0)::text, 20, '0'), id]
            collate "C")) as oldest
        from ${unfinishedIds(rule.number, idsMax)} i
        group by 1, 2, 3`,
    ),
  );
  return {
    counted: rows.reduce((sum, { n }) => sum + Number(n), 0),
    rows: rows.map(({ mask, state, bin, n, oldest: [ns = "0", id = ""] }): CombinationRow => ({
      mask: Number(mask),
      isOverdue: state === 1,
      bin: bin ?? undefined,
      count: Number(n),
      oldest: { ns: BigInt(ns), id },
    })),
  };
}

function binOf(axis: TimeLeftAxis | undefined, nowMs: number): SQL {
  if (axis === undefined) return sql`null::int`;
  const left = sql`(coalesce(overdue_ms, next_ms) - ${Math.round(nowMs)}::bigint)`;
  const cell = sql`floor((${left} - ${axis.fromMs}::float8) / ${axis.cellMs}::float8)`;
  return sql`greatest(0, least(${axis.cells - 1}::int, ${cell}))::int`;
}

async function seenOf(
  { db, run }: Database,
  rule: AckRule,
  { sinceMs, cellMs, cells, idsMax }: SeenQuery,
): Promise<readonly SeenRow[]> {
  const times = rule.slots.map((slot, place) => sql`(${place}::int, ${seenAt(slot)})`);
  const rows = await run(() =>
    statement<{ place: number; cell: number; n: string }>(
      db,
      sql`
        with cells as (
          select t.place,
            floor((t.ns / 1000000 - ${sinceMs}::bigint) / ${cellMs}::float8)::int as cell
          from ${unfinishedIds(rule.number, idsMax)} i
            cross join lateral (values ${sql.join(times, sql`, `)}) as t (place, ns)
          where t.ns is not null and t.ns >= ${sinceMs}::bigint * 1000000
        )
        select place, cell, count(*) as n from cells where cell < ${cells}::int group by 1, 2`,
    ),
  );
  return rows.map(({ place, cell, n }) => ({ place, cell, count: Number(n) }));
}
