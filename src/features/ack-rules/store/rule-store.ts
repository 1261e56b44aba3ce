/** Ack rules as rows, and what people ask of them. */
import type { AckRule, AckRuleConfig, AckRuleStore, IdAt } from "../rule.ts";
import {
  type AckIdRow,
  ackIdFromRow,
  type CountsRow,
  countsFromRow,
  delaysFromRow,
  findAckIds,
} from "./ledger.ts";
import type { Database } from "../../../postgres/database.ts";
import { arrayOfNumbers, arrayOfTexts } from "../../../postgres/arrays.ts";

/** A few thousand small rows: some 30 ms of a statement. */
const purgeRowsMax = 5000;

export function createAckRuleStore({ sql, run }: Database): AckRuleStore {
  function ruleColumns() {
    return sql`number, life, name, config::text,
      (extract(epoch from made_at) * 1000)::bigint as made_ms`;
  }

  async function get(name: string): Promise<AckRule | undefined> {
    const [row] = await run(
      () => sql<RuleRow[]>`
        select ${ruleColumns()} from ack_rules
        where name = ${name} and removed_at is null`,
    );
    return row && ruleFromRow(row);
  }

  return {
    get,

    async create(rule, positions) {
      const at = [...positions];
      const [row] = await run(
        () => sql<RuleRow[]>`
          with made as (
            insert into ack_rules (name, config)
            values (${rule.name}, ${JSON.stringify(configToJson(rule))}::text::jsonb)
            on conflict do nothing
            returning ${ruleColumns()}
          ),
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
      );
      if (row !== undefined) return { created: true, rule: ruleFromRow(row) };
      const standing = await get(rule.name);
      // It was in the way a moment ago, and is removed by now.
      return standing === undefined
        ? await this.create(rule, positions)
        : { created: false, rule: standing };
    },

    async list() {
      const rows = await run(
        () => sql<RuleRow[]>`
          select ${ruleColumns()} from ack_rules
          where removed_at is null order by name`,
      );
      return rows.map(ruleFromRow);
    },

    async remove(name) {
      const rows = await run(
        () => sql`
          update ack_rules set removed_at = now()
          where name = ${name} and removed_at is null returning 1`,
      );
      return rows.length > 0;
    },

    async purge() {
      const [row] = await run(
        () => sql<{ more: boolean }[]>`
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
            -- In a statement of its own turn: what this one deletes is still there for it.
            delete from ack_rules where number in (select number from removed)
              and not exists (select from ack_ids where rule = number) returning 1
          )
          select exists (select from ids) or exists (select from rules) as more`,
      );
      return row?.more === true;
    },

    async counts(rule) {
      const [row] = await run(
        () => sql<CountsRow[]>`
          select complete, late, open, overdue, forgotten, duplicates, without_id, delays::text
          from ack_rules where number = ${rule}`,
      );
      if (row === undefined) return { counts: none, delays: {} };
      return { counts: countsFromRow(row), delays: delaysFromRow(row) };
    },

    async overdue(rule, { after, limit }) {
      const rows = await run(
        () => sql<AckIdRow[]>`
          select id, state, seen::text, next_ms, overdue_ms from ack_ids
          where rule = ${rule} and state = 1
            and (overdue_ms, id) > (${after?.overdueMs ?? -1}::bigint, ${after?.id ?? ""}::text)
          order by overdue_ms, id limit ${limit}`,
      );
      return rows.map(ackIdFromRow);
    },

    async find(rule, ids) {
      return await findAckIds({ sql, run }, rule, ids);
    },
  };
}

const none = {
  complete: 0,
  late: 0,
  open: 0,
  overdue: 0,
  forgotten: 0,
  duplicates: 0,
  withoutId: 0,
};

interface RuleRow {
  readonly number: string;
  readonly life: string;
  readonly name: string;
  readonly config: string;
  readonly made_ms: string;
}

/** As jsonb, where nothing can be undefined. */
interface StoredConfig {
  readonly topics?: readonly string[];
  readonly id?: IdAt;
  readonly events?: readonly string[];
  readonly app_id?: string;
  readonly output: string;
  readonly deadline_ms?: number;
  readonly keep_ms: number;
  readonly from: "now" | "earliest";
}

function configToJson({ places, output, deadlineMs, keepMs, from }: AckRuleConfig): StoredConfig {
  return {
    ...("topics" in places ? { topics: places.topics, id: places.id } : {}),
    ...("events" in places ? { events: places.events } : {}),
    ...("events" in places && places.appId !== undefined ? { app_id: places.appId } : {}),
    output,
    ...(deadlineMs === undefined ? {} : { deadline_ms: deadlineMs }),
    keep_ms: keepMs,
    from,
  };
}

function ruleFromRow({ number, life, name, config: text, made_ms }: RuleRow): AckRule {
  const config = JSON.parse(text) as StoredConfig;
  const { topics, id = { pointer: "/message_id" }, events = [], app_id } = config;
  return {
    number: Number(number),
    life,
    name,
    places: topics === undefined ? { events, appId: app_id } : { topics, id },
    output: config.output,
    deadlineMs: config.deadline_ms,
    keepMs: config.keep_ms,
    from: config.from,
    madeMs: Number(made_ms),
  };
}
