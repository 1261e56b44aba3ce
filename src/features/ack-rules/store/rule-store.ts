/** Ack rules as rows, and the queries of their users. */

import { and, asc, eq, isNull, type SQL, sql } from "drizzle-orm";
import type { Principal } from "../../../core/access/caller.ts";
import type { Position } from "../../../core/position.ts";
import { arrayOfNumbers, arrayOfTexts } from "../../../postgres/arrays.ts";
import type { Database } from "../../../postgres/database.ts";
import { preparedRead } from "../../../postgres/read.ts";
import { decoderOf, statement } from "../../../postgres/statement.ts";
import type { AckRule, AckRuleConfig, AckRuleStore } from "../rule.ts";
import { requestChange } from "./change.ts";
import { effectsOf } from "./effects.ts";
import { findAckIds } from "./id-rows.ts";
import { configToJson, countColumns, creatorToJson, ruleColumns, ruleFromRow } from "./rule-row.ts";
import { ackRules } from "./tables.ts";
import { longestOverdue } from "./unfinished.ts";

/** A few thousand small rows: some 30 ms of a statement. */
const purgeRowsMax = 5000;
/** The page of overdue ids has the others. */
const overdueInStatsMax = 100;

const decodeRule = decoderOf(ruleColumns);

const noCounts = {
  complete: 0,
  late: 0,
  open: 0,
  overdue: 0,
  forgotten: 0,
  duplicates: 0,
  withoutId: 0,
};

export function createAckRuleStore(database: Database): AckRuleStore {
  const { db, run } = database;
  // Queried every second, on each node.
  const all = preparedRead(
    database.sql,
    db
      .select(ruleColumns)
      .from(ackRules)
      .where(isNull(ackRules.removedAt))
      .orderBy(asc(sql`${ackRules.name} collate "C"`)),
  );
  return {
    async get(name) {
      const [row] = await run(() => db.select(ruleColumns).from(ackRules).where(isNamed(name)));
      return row && ruleFromRow(row);
    },

    async create(rule, positions, creator) {
      const created = await createRule(database, { rule, creator }, positions);
      if (created !== undefined) return { created: true, rule: created };
      const existing = await this.get(rule.name);
      // The rule that conflicted a moment ago may have been removed since.
      return existing === undefined
        ? await this.create(rule, positions, creator)
        : { created: false, rule: existing };
    },

    async adopt(rule, creator) {
      const set = { creator: creator === undefined ? null : creatorToJson(creator) };
      await run(() => db.update(ackRules).set(set).where(eq(ackRules.number, rule)));
    },

    async list() {
      const rows = await run(() => all());
      return rows.map(ruleFromRow);
    },

    async remove(name) {
      const removed = await run(() =>
        db
          .update(ackRules)
          .set({ removedAt: sql`now()` })
          .where(isNamed(name))
          .returning({ number: ackRules.number }),
      );
      return removed.length > 0;
    },

    async purge() {
      const [row] = await run(() => statement<{ more: boolean }>(db, purgeStep));
      return row?.more === true;
    },

    async stats(rule) {
      const [row] = await run(() =>
        db
          .select({
            counts: countColumns,
            delays: ackRules.delays,
            overdueIds: longestOverdue(rule, overdueInStatsMax),
          })
          .from(ackRules)
          .where(eq(ackRules.number, rule)),
      );
      return row ?? { counts: noCounts, delays: {}, overdueIds: [] };
    },

    change: (rule, change) => requestChange(database, rule, change),
    effects: (rule, config, nowMs) => effectsOf(database, rule, config, nowMs),
    find: (rule, ids) => findAckIds(database, rule, ids),
  };
}

function isNamed(name: string): SQL | undefined {
  return and(eq(ackRules.name, name), isNull(ackRules.removedAt));
}

/** Undefined where the name is taken. */
async function createRule(
  { db, run }: Database,
  { rule, creator }: { readonly rule: AckRuleConfig; readonly creator: Principal | undefined },
  positions: ReadonlyMap<string, Position>,
): Promise<AckRule | undefined> {
  const at = [...positions];
  const insert = db
    .insert(ackRules)
    .values({
      name: rule.name,
      config: configToJson(rule),
      creator: creator === undefined ? null : creatorToJson(creator),
    })
    .onConflictDoNothing()
    .returning(ruleColumns);
  // By hand: the rule and its positions, passed as arrays, are one statement.
  const [row] = await run(() =>
    statement<Record<string, unknown>>(
      db,
      sql`
        with made as ${insert},
        positions as (
          insert into ack_positions (rule, topic, epoch, sequence, idx)
          select made.number, p.* from made, unnest(
            ${arrayOfTexts(at.map(([topic]) => topic))}::text[],
            ${arrayOfNumbers(at.map(([, { epoch }]) => epoch))}::bigint[],
            ${arrayOfNumbers(at.map(([, { sequence }]) => sequence))}::bigint[],
            ${arrayOfNumbers(at.map(([, { index }]) => index))}::int[]
          ) as p (topic, epoch, sequence, idx)
        )
        select * from made`,
    ),
  );
  return row && ruleFromRow(decodeRule(row));
}

// By hand: each step deletes a bounded number of rows, from four tables at once. The rule itself goes
// in a later step than its last ids, because a statement still sees the rows that it deletes.
const purgeStep = sql`
  with removed as (
    select number from ack_rules where removed_at is not null order by number limit 1
  ),
  ids as (
    delete from ack_ids where (rule, id) in (
      select i.rule, i.id from ack_ids i join removed on i.rule = removed.number
      limit ${purgeRowsMax} for update of i skip locked
    ) returning 1
  ),
  announced as (
    delete from ack_outbox where rule in (select number from removed)
  ),
  positions as (
    delete from ack_positions where rule in (select number from removed)
  ),
  rules as (
    delete from ack_rules where number in (select number from removed)
      and not exists (select from ack_ids where rule = number) returning 1
  )
  select exists (select from ids) or exists (select from rules) as more`;
