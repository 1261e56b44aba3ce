/**
 * Which node runs which guest. A node's lease is its row in `nodes`: a node that finds it expired
 * deletes it, and the foreign key frees its guests in the same transaction. As long as the row exists
 * the lease is valid, however late its renewal: renewing and deleting meet on the row's lock.
 */

import { and, eq, exists, getTableColumns, gt, isNull, sql } from "drizzle-orm";
import type { Database } from "../../../postgres/database.ts";
import { statement } from "../../../postgres/statement.ts";
import type { GuestLeases } from "../emitters-port.ts";
import { emitterFromRow } from "./emitter-store.ts";
import { emitters, nodes } from "./tables.ts";

/** The condition of the index `emitters_free`, which holds no parameter. */
const isFree = sql`${emitters.source} = 'guest' and ${emitters.endedAt} is null
  and ${emitters.owner} is null`;

export function createGuestLeases({ db, leases, run }: Database): GuestLeases {
  return {
    async join(node, leaseMs) {
      await run(() => leases.insert(nodes).values({ id: node, leaseUntil: leaseEnd(leaseMs) }));
    },

    async renew(node, leaseMs) {
      // By hand: renewal, cleanup and answer in one round trip. Locked rows are skipped, because two
      // late nodes would wait for each other.
      const [row] = await run(() =>
        statement<{ held: boolean; free: boolean }>(
          leases,
          sql`
            with renewed as (
              update nodes set lease_until = ${leaseEnd(leaseMs)} where id = ${node} returning 1
            ),
            reaped as (
              delete from nodes where id in (
                select id from nodes where lease_until < clock_timestamp() and id <> ${node}
                for update skip locked
              ) returning 1
            )
            select exists (select from renewed) as held,
              exists (select from reaped) or exists (select from ${emitters} where ${isFree}) as free`,
        ),
      );
      if (row?.held !== true) return "spent";
      return row.free ? "free" : "held";
    },

    async claim(node, limit) {
      const own = leases.select({ id: nodes.id }).from(nodes).where(eq(nodes.id, node));
      const free = leases.$with("free").as(
        leases
          .select({ id: emitters.id })
          .from(emitters)
          .where(and(isFree, exists(own)))
          .orderBy(emitters.id)
          .limit(limit)
          .for("update", { skipLocked: true }),
      );
      const rows = await run(() =>
        leases
          .with(free)
          .update(emitters)
          .set({ owner: node })
          .from(free)
          .where(eq(emitters.id, free.id))
          .returning(getTableColumns(emitters)),
      );
      return rows.map(emitterFromRow);
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
      await run(() => leases.delete(nodes).where(eq(nodes.id, node)));
    },

    nodes: () => run(() => leases.$count(nodes, gt(nodes.leaseUntil, sql`clock_timestamp()`))),
  };
}

function leaseEnd(leaseMs: number) {
  return sql`clock_timestamp() + ${leaseMs} * interval '1 ms'`;
}
