/** Emitters, and which node runs whose guest, as rows. */
import { and, asc, eq, gt, inArray, isNull, sql as expression } from "drizzle-orm";
import type { Emitter, EmitterStats, EmitterStore, GuestLeases } from "../../../core/emitters.ts";
import type { Position } from "../../../core/position.ts";
import type { Database } from "../../../postgres/database.ts";
import { emitters } from "./tables.ts";

export function createEmitterStore({ db, sql, run }: Database): EmitterStore {
  return {
    async create(emitter, node) {
      const { id, source, rate } = emitter;
      // The lease may be spent by now: then the guest is nobody's, and a node will claim it.
      const owner = expression`(select id from nodes where id = ${node ?? null} for key share)`;
      const made = await run(() =>
        db.insert(emitters).values({ id, source, rate, owner }).onConflictDoNothing().returning(),
      );
      const row = made[0];
      if (row !== undefined) return { created: true, emitter: emitterFromRow(row) };
      const standing = await this.get(id);
      // Rows are never removed, so what was in the way is still there.
      if (standing === undefined) throw new Error(`Emitter "${id}" is neither new nor there`);
      return { created: false, emitter: standing };
    },

    async get(id) {
      const rows = await run(() => db.select().from(emitters).where(eq(emitters.id, id)));
      return rows[0] && emitterFromRow(rows[0]);
    },

    async stats(id) {
      const [row] = await run(
        () => sql<StatsRow[]>`
          select regexp_replace(e.owner, '\\.[^.]*$', '') as node, e.trimmed_ordinal,
            last.ordinal, last.epoch, last.sequence, last.idx, last.time_ns
          from emitters e left join lateral (
            select * from emitter_events where emitter = e.id
            order by epoch desc, sequence desc, idx desc limit 1
          ) last on true
          where e.id = ${id}`,
      );
      return {
        node: row?.node ?? undefined,
        events: Number(row?.ordinal ?? row?.trimmed_ordinal ?? 0),
        last: row && lastFromRow(row),
      };
    },

    async list({ after, limit, ended }) {
      const wanted = and(
        after === undefined ? undefined : gt(emitters.id, after),
        ended ? undefined : isNull(emitters.endedAt),
      );
      const rows = await run(() =>
        db.select().from(emitters).where(wanted).orderBy(asc(emitters.id)).limit(limit),
      );
      return rows.map(emitterFromRow);
    },

    async end(id) {
      const ended = await run(() =>
        db
          .update(emitters)
          .set({ endedAt: expression`now()`, owner: null })
          .where(and(eq(emitters.id, id), isNull(emitters.endedAt)))
          .returning(),
      );
      return ended[0] === undefined ? await this.get(id) : emitterFromRow(ended[0]);
    },

    async setEnd(id, position) {
      await run(() =>
        db
          .update(emitters)
          .set({
            endEpoch: position.epoch,
            endSequence: position.sequence,
            endIdx: position.index,
          })
          .where(and(eq(emitters.id, id), isNull(emitters.endEpoch))),
      );
    },

    async endedWithin(withinMs) {
      const rows = await run(
        () => sql<{ id: string }[]>`
          select id from emitters where ended_at > now() - ${withinMs} * interval '1 ms'`,
      );
      return rows.map((row) => row.id);
    },

    async unfinishedEnds(olderThanMs, limit) {
      const rows = await run(
        () => sql<{ id: string }[]>`
          select id from emitters
          where ended_at <= now() - ${olderThanMs} * interval '1 ms' and end_epoch is null
          limit ${limit}`,
      );
      return rows.map((row) => row.id);
    },
  };
}

/**
 * A node's lease is its row in `nodes`; whoever finds it run out deletes it, and the foreign key
 * frees its guests in the same transaction. A row that is still there is still its node's, however
 * late: renewing and deleting meet on the row's lock.
 */
export function createGuestLeases({ db, leases: sql, run }: Database): GuestLeases {
  return {
    async join(node, leaseMs) {
      await run(
        () => sql`insert into nodes (id, lease_until)
          values (${node}, clock_timestamp() + ${leaseMs} * interval '1 ms')`,
      );
    },

    async renew(node, leaseMs) {
      // Locked rows are passed over: two nodes that are both late would wait for each other.
      const [row] = await run(
        () => sql<{ held: boolean; free: boolean }[]>`
          with renewed as (
            update nodes set lease_until = clock_timestamp() + ${leaseMs} * interval '1 ms'
            where id = ${node} returning 1
          ),
          reaped as (
            delete from nodes where id in (
              select id from nodes where lease_until < clock_timestamp() and id <> ${node}
              for update skip locked
            ) returning 1
          )
          select exists (select from renewed) as held, exists (select from reaped) or exists (
            select from emitters where source = 'guest' and ended_at is null and owner is null
          ) as free`,
      );
      if (row?.held !== true) return "spent";
      return row.free ? "free" : "held";
    },

    async claim(node, limit) {
      const rows = await run(
        () => sql<{ id: string }[]>`
          with free as materialized (
            select id from emitters
            where source = 'guest' and ended_at is null and owner is null
              and exists (select from nodes where id = ${node})
            order by id limit ${limit} for update skip locked
          )
          update emitters e set owner = ${node} from free where e.id = free.id
          returning e.id`,
      );
      return await emittersOf(rows.map((row) => row.id));
    },

    async owned(node) {
      const rows = await run(() =>
        db
          .select()
          .from(emitters)
          .where(and(eq(emitters.owner, node), isNull(emitters.endedAt))),
      );
      return rows.map(emitterFromRow);
    },

    async leave(node) {
      await run(() => sql`delete from nodes where id = ${node}`);
    },

    async nodes() {
      const rows = await run(() => sql`select id from nodes where lease_until > clock_timestamp()`);
      return rows.length;
    },
  };

  async function emittersOf(ids: readonly string[]): Promise<readonly Emitter[]> {
    if (ids.length === 0) return [];
    const rows = await run(() =>
      db
        .select()
        .from(emitters)
        .where(inArray(emitters.id, [...ids])),
    );
    return rows.map(emitterFromRow);
  }
}

interface StatsRow {
  readonly node: string | null;
  readonly trimmed_ordinal: string | null;
  readonly ordinal: string | null;
  readonly epoch: string | null;
  readonly sequence: string | null;
  readonly idx: number | null;
  readonly time_ns: string | null;
}

function lastFromRow({ epoch, sequence, idx, time_ns }: StatsRow): EmitterStats["last"] {
  if (idx === null || time_ns === null) return undefined;
  const position = { epoch: Number(epoch), sequence: Number(sequence), index: idx };
  return { position, timeNs: BigInt(time_ns) };
}

function emitterFromRow(row: typeof emitters.$inferSelect): Emitter {
  return {
    id: row.id,
    source: row.source,
    rate: row.rate,
    createdMs: row.createdAt.getTime(),
    endedMs: row.endedAt?.getTime(),
    end: positionFrom(row.endEpoch, row.endSequence, row.endIdx),
  };
}

function positionFrom(
  epoch: number | null,
  sequence: number | null,
  index: number | null,
): Position | undefined {
  if (epoch === null || sequence === null || index === null) return undefined;
  return { epoch, sequence, index };
}
