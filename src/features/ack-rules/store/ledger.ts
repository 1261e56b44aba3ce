/** The reads and commits of a rule's owner. Of two owners, one writes nothing and fails. */

import { and, asc, eq, gt, isNull, lte, sql } from "drizzle-orm";
import type { Database } from "../../../postgres/database.ts";
import { positionFromRow } from "../../../postgres/projection-row.ts";
import type { Queries } from "../../../postgres/statement.ts";
import {
  type AckLedgerStore,
  type AckState,
  type Announcement,
  announcementStates,
} from "../rule.ts";
import { commitStatement, sentStatement, writeFenced } from "./commit.ts";
import { ackIdFromRow, findAckIds } from "./id-rows.ts";
import { countColumns } from "./rule-row.ts";
import { ackIds, ackOutbox, ackPositions, ackRules } from "./tables.ts";

export function createAckLedger(database: Database): AckLedgerStore {
  const { db, run } = database;
  return {
    open: (rule) => stateOf(database, rule),
    find: (rule, ids) => findAckIds(database, rule, ids),

    async due(rule, untilMs, limit) {
      const rows = await run(() => dueQuery(db, rule, untilMs, limit));
      return rows.map(ackIdFromRow);
    },

    commit: (commit) => writeFenced(database, commitStatement(db, commit)),
    sent: (sent) => writeFenced(database, sentStatement(db, sent)),

    async outbox(rule, of, after, limit) {
      const rows = await run(() =>
        db
          .select()
          .from(ackOutbox)
          .where(
            and(
              eq(ackOutbox.rule, rule),
              eq(ackOutbox.output, of === "acks" ? 0 : 1),
              gt(ackOutbox.n, after),
            ),
          )
          .orderBy(asc(ackOutbox.n))
          .limit(limit),
      );
      return rows.map(announcementFromRow);
    },

    async raiseEpoch(rule, epoch) {
      const { producerEpoch } = ackRules;
      const raised = sql`case when ${producerEpoch} = ${epoch} then ${producerEpoch} + 1
        else ${producerEpoch} end`;
      const [row] = await run(() =>
        db
          .update(ackRules)
          .set({ producerEpoch: raised })
          .where(eq(ackRules.number, rule))
          .returning({ producerEpoch }),
      );
      return row?.producerEpoch ?? epoch;
    },
  };
}

async function stateOf({ db, run }: Database, rule: number): Promise<AckState | undefined> {
  const { version, producerEpoch: epoch, acks, notices, delays } = ackRules;
  const [state] = await run(() =>
    db
      .select({ version, epoch, acks, notices, delays, counts: countColumns })
      .from(ackRules)
      .where(and(eq(ackRules.number, rule), isNull(ackRules.removedAt))),
  );
  if (state === undefined) return undefined;
  const rows = await run(() => db.select().from(ackPositions).where(eq(ackPositions.rule, rule)));
  return { ...state, positions: new Map(rows.map((row) => [row.topic, positionFromRow(row)])) };
}

/** It costs as much as the rows that it returns, whatever else is in the table. */
export function dueQuery(db: Queries, rule: number, untilMs: number, limit: number) {
  return db
    .select()
    .from(ackIds)
    .where(and(eq(ackIds.rule, rule), lte(ackIds.nextMs, untilMs)))
    .orderBy(asc(ackIds.nextMs))
    .limit(limit);
}

function announcementFromRow({
  n,
  id,
  state,
  late,
  seen,
}: typeof ackOutbox.$inferSelect): Announcement {
  return { n, id, state: announcementStates[state] ?? "complete", late, seen };
}
