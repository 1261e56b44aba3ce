/**
 * Drops old rows of emitters: by age, and past a count per emitter. One node at a time walks over
 * the emitters that have rows, a few at a time, so that no statement takes many locks or runs long.
 * The emitter's row has the newest position that was dropped: readers before it are refused.
 */

import { sql } from "drizzle-orm";
import { OwnedTask, type OwnedTaskDeps } from "../../../core/owned-task.ts";
import type { DatabaseClock } from "../../../postgres/database-clock.ts";
import type { Database } from "../../../postgres/database.ts";
import { statement } from "../../../postgres/statement.ts";

export interface EmitterRetention {
  /** Rows received longer ago are dropped; 0 keeps them. */
  readonly ageMs: number;
  /** Rows that each emitter keeps; 0 keeps all; 10,000 when left out. */
  readonly countMax?: number;
}

export interface RetentionOptions extends OwnedTaskDeps {
  readonly database: Database;
  readonly retention: EmitterRetention;
  readonly everyMs?: number;
  readonly databaseClock: Pick<DatabaseClock, "sweepNs">;
}

/** At two events a second, the last hour and a half: what people page back through. */
const countMaxDefault = 10_000;
const everyMsDefault = 30_000;
/** 50 emitters of at most 200 rows: about 50 ms for a statement. */
const emittersPerStep = 50;
const rowsPerEmitter = 200;
/** The log drops records a little later than their age; nodes keep what they know of an end for so long. */
export const endedMarginMs = 3_600_000;
const endedPerStep = 1000;

/** Resolves, never rejects, once the signal has ended it. */
export function runEmitterRetention(options: RetentionOptions): Promise<void> {
  const { database, retention, databaseClock, everyMs = everyMsDefault, ...running } = options;
  const task = { name: "emitter-retention", task: "emitter retention" };
  return new OwnedTask({ ...running, ...task, everyMs }, async ({ stop }) => {
    await trimEmitterRows(database, retention, await databaseClock.sweepNs(), stop);
    await dropEndedEmitters(database, retention, stop);
  }).done;
}

/**
 * Drops emitters that ended before everything in the log was received, so that their ids are free again:
 * no reader could find more of them than that they existed. Returns how many.
 */
export async function dropEndedEmitters(
  { db, run }: Database,
  { ageMs }: EmitterRetention,
  signal?: AbortSignal,
): Promise<number> {
  if (ageMs === 0) return 0;
  let dropped = 0;
  while (signal?.aborted !== true) {
    // By the database's clock, which also says when an emitter ended.
    const [row] = await run(() =>
      statement<{ dropped: string }>(
        db,
        sql`
        with gone as (
          delete from emitters where id in (
            select id from emitters e
            where ended_at < now() - make_interval(secs => ${(ageMs + endedMarginMs) / 1000})
              and end_epoch is not null
              and not exists (select from emitter_events where emitter = e.id)
            order by ended_at limit ${endedPerStep} for update skip locked
          ) returning 1
        )
        select count(*) as dropped from gone`,
      ),
    );
    const count = Number(row?.dropped ?? 0);
    dropped += count;
    if (count < endedPerStep) break;
  }
  return dropped;
}

/** One walk over all emitters; returns how many rows it dropped. */
export async function trimEmitterRows(
  { db, run }: Database,
  { ageMs, countMax = countMaxDefault }: EmitterRetention,
  nowNs: bigint,
  signal?: AbortSignal,
): Promise<number> {
  const keep = countMax === 0 ? Number.MAX_SAFE_INTEGER : countMax;
  const oldestNs = ageMs === 0 ? 0n : nowNs - BigInt(ageMs) * 1_000_000n;
  let dropped = 0;
  let cursor = "";
  while (signal?.aborted !== true) {
    const step = await trimFrom(cursor);
    dropped += step.dropped;
    // Stays while there is more to drop here: each takes only a part of an emitter's rows.
    if (step.dropped > 0) continue;
    if (step.last === null) break;
    cursor = step.last;
  }
  return dropped;

  async function trimFrom(after: string): Promise<{ dropped: number; last: string | null }> {
    // By hand: the walk leaps from one emitter to the next along the index, and each step reads and
    // deletes a bounded number of rows.
    const [row] = await run(() =>
      statement<{ dropped: string; last: string | null }>(
        db,
        sql`
        with recursive walk (emitter, n) as (
          (select emitter, 1 from emitter_events where emitter > ${after} order by emitter limit 1)
          union all
          select (select x.emitter from emitter_events x where x.emitter > w.emitter
            order by x.emitter limit 1), n + 1
          from walk w where w.emitter is not null and n < ${emittersPerStep}
        ),
        due as (
          select w.emitter, newest.ordinal - ${keep}::bigint as cut
          from walk w
          cross join lateral (
            select ordinal from emitter_events where emitter = w.emitter
            order by epoch desc, sequence desc, idx desc limit 1
          ) newest
          cross join lateral (
            select ordinal, received_ns from emitter_events where emitter = w.emitter
            order by epoch, sequence, idx limit 1
          ) oldest
          where oldest.ordinal <= newest.ordinal - ${keep}::bigint
            or oldest.received_ns < ${oldestNs.toString()}::bigint
        ),
        old as (
          select o.* from due d cross join lateral (
            select emitter, epoch, sequence, idx, ordinal, received_ns from emitter_events
            where emitter = d.emitter order by epoch, sequence, idx limit ${rowsPerEmitter}
          ) o
          where o.ordinal <= d.cut or o.received_ns < ${oldestNs.toString()}::bigint
        ),
        gone as (
          delete from emitter_events e using old o
          where (e.emitter, e.epoch, e.sequence, e.idx) = (o.emitter, o.epoch, o.sequence, o.idx)
          returning e.emitter, e.epoch, e.sequence, e.idx, e.ordinal
        ),
        marked as (
          update emitters m set trimmed_epoch = g.epoch, trimmed_sequence = g.sequence,
            trimmed_idx = g.idx, trimmed_ordinal = g.ordinal
          from (
            select distinct on (emitter) * from gone
            order by emitter, epoch desc, sequence desc, idx desc
          ) g
          where m.id = g.emitter
        )
        select (select count(*) from gone) as dropped, (select max(emitter) from walk) as last`,
      ),
    );
    return { dropped: Number(row?.dropped ?? 0), last: row?.last ?? null };
  }
}
