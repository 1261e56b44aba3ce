/**
 * Lifecycles as rows: the events of a batch are merged by id before they are written, so a batch is
 * one upsert however often an id comes in it.
 */

import { sql } from "drizzle-orm";
import type { ProjectionTarget } from "../../../core/projection.ts";
import type { StoredRecord } from "../../../core/record.ts";
import { arrayOfNumbers, arrayOfTexts } from "../../../postgres/arrays.ts";
import type { Database } from "../../../postgres/database.ts";
import { moveProjection, positionOf, skipProjection } from "../../../postgres/projection-row.ts";
import { type Queries, statement } from "../../../postgres/statement.ts";
import { eventFromRecord, lifecycleTopic } from "../event.ts";
import {
  compareTexts,
  eventNamesMax,
  type Lifecycle,
  lifecycleFrom,
  mergeLifecycles,
  type SeenEvent,
} from "../lifecycle.ts";
import { lifecycleProgress } from "./tables.ts";

export const lifecycleProjection = "lifecycle";

/** Records that are not events are counted and passed over: anyone may append to a topic. */
export function createLifecycleProjection(database: Database): ProjectionTarget {
  const { db, run } = database;
  return {
    name: lifecycleProjection,
    topic: lifecycleTopic,
    position: () => run(() => positionOf(db, lifecycleProjection)),

    async commit(records, from, to) {
      const { lifecycles, undecodable } = await merged(records);
      await run(() =>
        db.transaction(async (tx) => {
          await moveProjection(tx, lifecycleProjection, from, to);
          if (lifecycles.length > 0) await upsert(tx, lifecycles);
          if (undecodable === 0) return;
          await tx
            .update(lifecycleProgress)
            .set({ undecodable: sql`${lifecycleProgress.undecodable} + ${undecodable}` });
        }),
      );
    },

    /**
     * Where the log lost its end, what is merged stays merged: if the same events are appended again,
     * they are counted twice.
     */
    skip: (from, to) => skipProjection(database, lifecycleProjection, from, to),
  };
}

/** About a millisecond of work, so that a batch does not block the rest of the process. */
const recordsPerTurn = 250;

async function merged(
  records: readonly StoredRecord[],
): Promise<{ readonly lifecycles: readonly Lifecycle[]; readonly undecodable: number }> {
  const byId = new Map<string, Lifecycle>();
  let undecodable = 0;
  for (const [i, stored] of records.entries()) {
    if (i > 0 && i % recordsPerTurn === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    const event = eventFromRecord(stored.record);
    if (event === undefined) {
      undecodable++;
      continue;
    }
    // Ids hold no control characters.
    const id = `${event.messageId}\n${event.appId}`;
    const known = byId.get(id);
    const fresh = lifecycleFrom(event, stored);
    byId.set(id, known === undefined ? fresh : mergeLifecycles(known, fresh));
  }
  // All writers use one order, so that two transactions never wait for each other.
  const lifecycles = [...byId.values()].toSorted(
    (a, b) => compareTexts(a.messageId, b.messageId) || compareTexts(a.appId, b.appId),
  );
  return { lifecycles, undecodable };
}

async function upsert(tx: Queries, lifecycles: readonly Lifecycle[]): Promise<void> {
  // By hand: a batch is one statement, which merges the arrays of events in the server.
  await statement(
    tx,
    sql`
    insert into lifecycles as l (message_id, app_id, events, firsts, lasts, counts, total,
      first_ns, last_ns, external_id, seen_ns, touched_ns, complete, received_firsts, received_lasts)
    select f.message_id, f.app_id, f.events::text[], f.firsts::bigint[], f.lasts::bigint[],
      f.counts::bigint[], f.total, f.first_ns, f.last_ns, f.external_id, f.seen_ns, f.touched_ns,
      coalesce(a.expected <> '{}' and f.events::text[] @> a.expected, false),
      f.received_firsts::bigint[], f.received_lasts::bigint[]
    from unnest(
      ${arrayOfTexts(lifecycles.map((l) => l.messageId))}::text[],
      ${arrayOfTexts(lifecycles.map((l) => l.appId))}::text[],
      ${arrayOfNames(lifecycles)}::text[],
      ${arrayOfEach(lifecycles, (e) => e.firstNs)}::text[],
      ${arrayOfEach(lifecycles, (e) => e.lastNs)}::text[],
      ${arrayOfEach(lifecycles, (e) => e.count)}::text[],
      ${arrayOfNumbers(lifecycles.map((l) => l.total))}::bigint[],
      ${arrayOfNumbers(lifecycles.map((l) => l.firstNs))}::bigint[],
      ${arrayOfNumbers(lifecycles.map((l) => l.lastNs))}::bigint[],
      ${arrayOfTexts(lifecycles.map((l) => l.externalId ?? null))}::text[],
      ${arrayOfNumbers(lifecycles.map((l) => l.seenNs))}::bigint[],
      ${arrayOfNumbers(lifecycles.map((l) => l.touchedNs))}::bigint[],
      ${arrayOfEach(lifecycles, (e) => e.receivedFirstNs ?? "null")}::text[],
      ${arrayOfEach(lifecycles, (e) => e.receivedLastNs ?? "null")}::text[]
    ) as f (message_id, app_id, events, firsts, lasts, counts, total, first_ns, last_ns,
      external_id, seen_ns, touched_ns, received_firsts, received_lasts)
    left join lifecycle_apps a on a.app_id = f.app_id
    on conflict (message_id, app_id) do update set
      (events, firsts, lasts, counts, received_firsts, received_lasts) = (
        select array_agg(m.event), array_agg(m.first), array_agg(m.last), array_agg(m.count),
          array_agg(m.received_first), array_agg(m.received_last)
        from (
          select e.event collate "C" as event, min(e.first) as first, max(e.last) as last,
            sum(e.count)::bigint as count,
            case when bool_and(e.received_first is not null) then min(e.received_first) end
              as received_first,
            case when bool_and(e.received_last is not null) then max(e.received_last) end
              as received_last
          from (
            select * from unnest(l.events, l.firsts, l.lasts, l.counts,
              l.received_firsts, l.received_lasts)
            union all
            select * from unnest(excluded.events, excluded.firsts, excluded.lasts, excluded.counts,
              excluded.received_firsts, excluded.received_lasts)
          ) as e (event, first, last, count, received_first, received_last)
          group by e.event collate "C" order by 1 limit ${eventNamesMax}
        ) m
      ),
      total = l.total + excluded.total,
      first_ns = least(l.first_ns, excluded.first_ns),
      last_ns = greatest(l.last_ns, excluded.last_ns),
      external_id = least(l.external_id, excluded.external_id),
      seen_ns = least(l.seen_ns, excluded.seen_ns),
      touched_ns = greatest(l.touched_ns, excluded.touched_ns),
      complete = coalesce((
        select a.expected <> '{}' and l.events || excluded.events @> a.expected
        from lifecycle_apps a where a.app_id = l.app_id), false)`,
  );
}

/** Each one's names as the text of an array. There are few combinations, so they are kept. */
function arrayOfNames(lifecycles: readonly Lifecycle[]): string {
  const known = new Map<string, string>();
  const elements = lifecycles.map(({ events }) => {
    const names = events.map(({ event }) => event);
    const id = names.join("\n");
    let element = known.get(id);
    if (element === undefined) {
      element = arrayOfTexts([arrayOfTexts(names)]).slice(1, -1);
      known.set(id, element);
    }
    return element;
  });
  return `{${elements.join(",")}}`;
}

/** Arrays of numbers, which need no escapes. */
function arrayOfEach(
  lifecycles: readonly Lifecycle[],
  numberOf: (event: SeenEvent) => number | bigint | "null",
): string {
  return `{${lifecycles.map(({ events }) => `"{${events.map(numberOf).join(",")}}"`).join(",")}}`;
}
