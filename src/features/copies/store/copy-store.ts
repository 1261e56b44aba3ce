/** Copy jobs as rows. */

import { and, asc, desc, eq, getTableColumns, inArray, sql } from "drizzle-orm";
import { parsePosition, renderPosition } from "../../../core/position.ts";
import type { Database } from "../../../postgres/database.ts";
import { preparedRead } from "../../../postgres/read.ts";
import { type CopyJob, type CopyState, type CopyStore, jobsMax, runningMax } from "../copy.ts";
import { creatorFromJson, creatorToJson } from "./creator.ts";
import { topicCopies } from "./tables.ts";

export function createCopyStore({ db, run, sql: driver }: Database): CopyStore {
  const now = sql`now()`;
  // Every node looks every second.
  const running = preparedRead(
    driver,
    db
      .select(getTableColumns(topicCopies))
      .from(topicCopies)
      .where(eq(topicCopies.state, "running"))
      .orderBy(asc(topicCopies.createdAt))
      .limit(runningMax),
  );
  return {
    async create(job) {
      const created = await run(() =>
        db
          .insert(topicCopies)
          .values({
            id: job.id,
            life: job.life,
            source: job.source,
            target: job.target,
            after: renderPosition(job.after),
            until: renderPosition(job.until),
            filter: job.filter,
            rate: job.rate,
            state: job.state,
            position: renderPosition(job.position),
            creator: job.creator === undefined ? null : creatorToJson(job.creator),
          })
          .onConflictDoNothing()
          .returning({ id: topicCopies.id }),
      );
      return created.length > 0;
    },
    async get(id) {
      const [row] = await run(() => db.select().from(topicCopies).where(eq(topicCopies.id, id)));
      return row && jobFromRow(row);
    },
    async list() {
      const rows = await run(() =>
        db.select().from(topicCopies).orderBy(desc(topicCopies.createdAt)).limit(jobsMax),
      );
      return rows.map(jobFromRow);
    },
    async running() {
      const rows = await run(() => running());
      return rows.map(jobFromRow);
    },
    async advance(id, readBefore, { position, lastRefusal, ...counts }) {
      const set = {
        position: renderPosition(position),
        read: counts.read,
        matched: counts.matched,
        sent: counts.sent,
        refused: counts.refused,
        lastRefusal: lastRefusal ?? null,
        changedAt: now,
      };
      // A pause may come while records are being sent: what was sent still counts.
      const moved = await run(() =>
        db
          .update(topicCopies)
          .set(set)
          .where(and(eq(topicCopies.id, id), eq(topicCopies.read, readBefore)))
          .returning({ state: topicCopies.state }),
      );
      return moved[0]?.state === "running";
    },
    async end(id, state, failure) {
      await run(() =>
        db
          .update(topicCopies)
          .set({ state, failure: failure ?? null, changedAt: now })
          .where(and(eq(topicCopies.id, id), eq(topicCopies.state, "running"))),
      );
    },
    async change(id, from, { state, rate }) {
      const set = { state, changedAt: now, ...(rate === undefined ? {} : { rate }) };
      const changed = await run(() =>
        db
          .update(topicCopies)
          .set(state === "running" ? { ...set, failure: null } : set)
          .where(and(eq(topicCopies.id, id), inArray(topicCopies.state, [...from])))
          .returning({ id: topicCopies.id }),
      );
      return changed.length > 0;
    },
    async prune() {
      const isOld = sql`${topicCopies.changedAt} < now() - interval '7 days'`;
      const isEnded = inArray(topicCopies.state, ["done", "cancelled", "failed"]);
      await run(() => db.delete(topicCopies).where(and(isEnded, isOld)));
    },
  };
}

function jobFromRow(row: typeof topicCopies.$inferSelect): CopyJob {
  const { id, life, source, target, filter, rate, read, matched, sent, refused } = row;
  return {
    id,
    life,
    source,
    target,
    filter,
    rate,
    read,
    matched,
    sent,
    refused,
    after: parsePosition(row.after),
    until: parsePosition(row.until),
    // The only writer is this file.
    state: row.state as CopyState,
    position: parsePosition(row.position),
    lastRefusal: row.lastRefusal ?? undefined,
    failure: row.failure ?? undefined,
    creator: row.creator === null ? undefined : creatorFromJson(row.creator),
    createdMs: row.createdAt.getTime(),
    changedMs: row.changedAt.getTime(),
  };
}
