/** Nodes and their points as rows. */

import { and, asc, desc, eq, gte, lt, type SQL, sql } from "drizzle-orm";
import { arrayOfNumbers, arrayOfTexts } from "../../../postgres/arrays.ts";
import type { Database } from "../../../postgres/database.ts";
import { statement } from "../../../postgres/statement.ts";
import { everyMs, nodesMax, type NodeStore, pointsMax } from "../node.ts";
import { nodePoints, nodes } from "./tables.ts";

const keptMs = everyMs * pointsMax;
const isRecent: SQL = sql`${nodes.seenAt} > now() - interval '1 hour'`;

export function createNodeStore({ db, run }: Database): NodeStore {
  return {
    async write({ node, startedMs, isStopped, state }, points) {
      const row = {
        startedAt: new Date(startedMs),
        seenAt: sql`now()`,
        stoppedAt: isStopped ? sql`now()` : null,
        state,
      };
      await run(() =>
        db
          .insert(nodes)
          .values({ node, ...row })
          .onConflictDoUpdate({ target: nodes.node, set: row }),
      );
      if (points.length === 0) return;
      // By hand: after an outage there may be an hour of them, which go as arrays.
      await run(() =>
        statement(
          db,
          sql`
            insert into cluster_points (at_ms, node, point)
            select at_ms, ${node}, point::jsonb from unnest(
              ${arrayOfNumbers(points.map(({ atMs }) => atMs))}::bigint[],
              ${arrayOfTexts(points.map(({ point }) => JSON.stringify(point)))}::text[]
            ) as p (at_ms, point)
            on conflict do nothing`,
        ),
      );
    },

    async nodes() {
      const rows = await run(() =>
        db.select().from(nodes).where(isRecent).orderBy(desc(nodes.seenAt)).limit(nodesMax),
      );
      return rows.map(({ node, startedAt, seenAt, stoppedAt, state }) => ({
        node,
        startedMs: startedAt.getTime(),
        seenMs: seenAt.getTime(),
        isStopped: stoppedAt !== null,
        state,
      }));
    },

    points(sinceMs, node) {
      return run(() =>
        db
          .select()
          .from(nodePoints)
          .where(
            and(
              gte(nodePoints.atMs, sinceMs),
              node === undefined ? undefined : eq(nodePoints.node, node),
            ),
          )
          .orderBy(asc(nodePoints.atMs))
          .limit(pointsMax * nodesMax),
      );
    },

    async prune(nowMs) {
      await run(() => db.delete(nodePoints).where(lt(nodePoints.atMs, nowMs - keptMs)));
      await run(() => db.delete(nodes).where(sql`not (${isRecent})`));
    },
  };
}
