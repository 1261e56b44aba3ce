/** Changes of rules: requested by a caller, made once no ack of the former configuration is underway. */

import { and, eq, isNull, sql } from "drizzle-orm";
import { Failure } from "../../../core/failure.ts";
import { parsePosition, type Position, renderPosition } from "../../../core/position.ts";
import type { Database } from "../../../postgres/database.ts";
import { positionToRow } from "../../../postgres/projection-row.ts";
import type { Queries } from "../../../postgres/statement.ts";
import { mustSettle, slotsAfter } from "../change.ts";
import type { AckChange, AckLedgerStore } from "../rule.ts";
import {
  configFromJson,
  configToJson,
  creatorToJson,
  ruleColumns,
  ruleFromRow,
  settlingToJson,
} from "./rule-row.ts";
import { ackOutbox, ackPositions, ackRules, type StoredChange } from "./tables.ts";

const topicsReadMax = 1000;

export async function requestChange(
  { db, run }: Pick<Database, "db" | "run">,
  rule: number,
  change: AckChange | undefined,
): Promise<void> {
  if (change !== undefined) await requireRoom({ db, run }, rule, change.config.name);
  const set = { change: change === undefined ? null : changeToJson(change) };
  await run(() => db.update(ackRules).set(set).where(eq(ackRules.number, rule)));
}

/** How far a removed topic was read is kept: a rule that gets it back reads no record twice. */
async function requireRoom(
  { db, run }: Pick<Database, "db" | "run">,
  rule: number,
  name: string,
): Promise<void> {
  const count = await run(() => db.$count(ackPositions, eq(ackPositions.rule, rule)));
  if (count <= topicsReadMax) return;
  throw new Failure(
    "overloaded",
    `Cannot change ack rule "${name}": it has read ${count} topics so far, expected at most ${topicsReadMax}; create another rule`,
  );
}

/**
 * One transaction that holds the rule's row: a commit of its owner is either before it, and then its
 * acks are seen here, or after it, and then the version has moved on and the commit writes nothing.
 */
export async function applyChange(
  { db, run }: Database,
  rule: number,
): ReturnType<AckLedgerStore["applyChange"]> {
  return await run(() =>
    db.transaction(async (tx) => {
      const { settling } = ackRules;
      const [found] = await tx
        .select({ rule: ruleColumns, settling })
        .from(ackRules)
        .where(and(eq(ackRules.number, rule), isNull(ackRules.removedAt)))
        .for("update");
      if (found === undefined || found.rule.change === null) return "none";
      if (found.settling !== null || (await hasAnnouncements(tx, rule))) return "waiting";
      await makeChange(tx, ruleFromRow(found.rule), found.rule.change);
      return "applied";
    }),
  );
}

async function hasAnnouncements(tx: Queries, rule: number): Promise<boolean> {
  const some = await tx
    .select({ n: ackOutbox.n })
    .from(ackOutbox)
    .where(eq(ackOutbox.rule, rule))
    .limit(1);
  return some.length > 0;
}

async function makeChange(
  tx: Queries,
  rule: ReturnType<typeof ruleFromRow>,
  change: StoredChange,
): Promise<void> {
  const { version, revision, producerEpoch } = ackRules;
  const to = configFromJson(rule.name, change.config);
  await tx
    .update(ackRules)
    .set({
      config: configToJson(to, slotsAfter(rule, to)),
      creator: change.creator,
      change: null,
      version: sql`${version} + 1`,
      revision: sql`${revision} + 1`,
      // The log of another output does not know the numbers before. If the rule comes back to an
      // output that it had, a gap in the numbers must not stop it.
      producerEpoch: to.output === rule.output ? producerEpoch : sql`${producerEpoch} + 1`,
      settling: mustSettle(rule, to) ? settlingToJson({ after: "", keepMs: rule.keepMs }) : null,
    })
    .where(eq(ackRules.number, rule.number));
  const rows = Object.entries(change.positions).map(([topic, at]) => ({
    rule: rule.number,
    topic,
    ...positionToRow(parsePosition(at)),
  }));
  if (rows.length === 0) return;
  await tx
    .insert(ackPositions)
    .values(rows)
    .onConflictDoUpdate({
      target: [ackPositions.rule, ackPositions.topic],
      set: {
        epoch: sql`excluded.epoch`,
        sequence: sql`excluded.sequence`,
        idx: sql`excluded.idx`,
      },
    });
}

function changeToJson({ config, creator, positions }: AckChange): StoredChange {
  return {
    config: configToJson(config),
    creator: creator === undefined ? null : creatorToJson(creator),
    positions: Object.fromEntries(
      [...positions].map(([topic, at]: [string, Position]) => [topic, renderPosition(at)]),
    ),
  };
}
