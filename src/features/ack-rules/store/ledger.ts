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
import { applyChange } from "./change.ts";
import { commitStatement, sentStatement, writeFenced } from "./commit.ts";
import { ackIdFromRow, findAckIds, unsettledIdFromRow } from "./id-rows.ts";
import { countColumns, ruleColumns, ruleFromRow, settlingFromJson } from "./rule-row.ts";
import { ackIds, ackOutbox, ackPositions, ackRules } from "./tables.ts";

export function createAckLedger(database: Database): AckLedgerStore {
  const { db, run } = database;
  return {
    open: (rule) => stateOf(database, rule),
    find: (rule, ids) => findAckIds(database, rule, ids),
    applyChange: (rule) => applyChange(database, rule),

    async due(rule, untilMs, limit) {
      const rows = await run(() => dueQuery(db, rule.number, untilMs, limit));
      return rows.map((row) => ackIdFromRow(row, rule));
    },

    async walk(rule, after, limit) {
      const rows = await run(() =>
        db
          .select()
          .from(ackIds)
          .where(and(eq(ackIds.rule, rule.number), gt(ackIds.id, after)))
          .orderBy(asc(ackIds.id))
          .limit(limit),
      );
      return rows.map((row) => unsettledIdFromRow(row, rule));
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
  const { version, producerEpoch: epoch, acks, notices, delays, settling } = ackRules;
  const [found] = await run(() =>
    db
      .select({
        state: { version, epoch, acks, notices, delays },
        counts: countColumns,
        rule: ruleColumns,
        settling,
      })
      .from(ackRules)
      .where(and(eq(ackRules.number, rule), isNull(ackRules.removedAt))),
  );
  if (found === undefined) return undefined;
  const rows = await run(() => db.select().from(ackPositions).where(eq(ackPositions.rule, rule)));
  return {
    ...found.state,
    counts: found.counts,
    rule: ruleFromRow(found.rule),
    settling: found.settling === null ? undefined : settlingFromJson(found.settling),
    positions: new Map(rows.map((row) => [row.topic, positionFromRow(row)])),
  };
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
