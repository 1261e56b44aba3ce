/** What a change of a rule would do to its ids. By hand: counts by which slots have a sighting. */

import { sql } from "drizzle-orm";
import type { Database } from "../../../postgres/database.ts";
import { statement } from "../../../postgres/statement.ts";
import { placesChange } from "../change.ts";
import { type AckRule, type AckRuleConfig, type ChangeEffects, placeNames } from "../rule.ts";
import { firstSeen, seenAt, unfinishedIds } from "./unfinished.ts";

/** Some 400 ms of a statement. */
const countedMax = 100_000;

interface Row {
  readonly counted: string;
  readonly present: string;
  readonly sightings: readonly number[];
  readonly forgotten: string;
  readonly completed: string;
  readonly waiting: string;
  readonly overdue: string;
  readonly reopened: string;
}

export async function effectsOf(
  { db, run }: Database,
  rule: AckRule,
  to: AckRuleConfig,
  nowMs: number,
): Promise<ChangeEffects> {
  const { removed, added } = placesChange(rule, to);
  const slotOf = new Map(placeNames(rule).map((place, i) => [place, rule.slots[i] ?? i]));
  const slotsOf = (places: readonly string[]) => places.map((place) => slotOf.get(place) ?? 0);
  const kept = slotsOf(placeNames(rule).filter((place) => !removed.includes(place)));
  const isMissing = kept.map((slot) => sql`${seenAt(slot)} is null`);
  const misses = added.length > 0 ? sql`true` : sql.join([sql`false`, ...isMissing], sql` or `);
  const isDue =
    to.deadlineMs === undefined
      ? sql`false`
      : sql`first / 1000000 + ${to.deadlineMs}::bigint <= ${nowMs}::bigint`;
  const sightings = slotsOf(removed).map((slot) => sql`count(${seenAt(slot)})`);
  const [row] = await run(() =>
    statement<Row>(
      db,
      sql`
        with present as materialized (select * from ${unfinishedIds(rule.number, countedMax + 1)} i),
        ids as (
          select state, seen, ${firstSeen(kept)} as first, (${misses}) as misses
          from present limit ${countedMax}
        )
        select
          count(*) as counted,
          (select count(*) from present) as present,
          json_build_array(${sql.join(sightings, sql`, `)}) as sightings,
          count(*) filter (where first is null) as forgotten,
          count(*) filter (where first is not null and not misses) as completed,
          count(*) filter (where first is not null and misses) as waiting,
          count(*) filter (where state = 0 and first is not null and misses and ${isDue}) as overdue,
          count(*) filter (where state = 1 and first is not null and misses and not ${isDue})
            as reopened
        from ids`,
    ),
  );
  return {
    counted: Number(row?.counted ?? 0),
    more: Number(row?.present ?? 0) > countedMax,
    sightings: new Map(removed.map((place, i) => [place, row?.sightings[i] ?? 0])),
    forgotten: Number(row?.forgotten ?? 0),
    completed: Number(row?.completed ?? 0),
    waiting: Number(row?.waiting ?? 0),
    overdue: Number(row?.overdue ?? 0),
    reopened: Number(row?.reopened ?? 0),
  };
}
