/** The writes of a rule's owner: each is one statement, fenced by the rule's version. */

import { and, eq, isNull, type SQL, sql } from "drizzle-orm";
import { Failure } from "../../../core/failure.ts";
import { arrayOfNumbers, arrayOfTexts } from "../../../postgres/arrays.ts";
import type { Database } from "../../../postgres/database.ts";
import { type Queries, statement } from "../../../postgres/statement.ts";
import { type AckCommit, ackIdStates, type AckSent, announcementStates } from "../rule.ts";
import { seenToRow } from "./id-rows.ts";
import { settlingToJson } from "./rule-row.ts";
import { ackRules } from "./tables.ts";

/** Runs a fenced statement, which returns whether the fence let it pass; throws `conflict` if not. */
export async function writeFenced({ db, run }: Database, text: SQL): Promise<void> {
  const [row] = await run(() => statement<{ moved: boolean }>(db, text));
  if (row?.moved === true) return;
  throw new Failure("conflict", "The ack rule was moved on by another owner, or removed");
}

/** By hand: a commit is one statement, whose rows are passed as arrays. */
export function commitStatement(db: Queries, commit: AckCommit): SQL {
  const { counts, acks, notices, written, announced, settling } = commit;
  const rule = commit.rule.number;
  const positions = [...commit.positions];
  const move = { version: sql`${ackRules.version} + 1`, acks, notices, ...counts };
  const settled = settling === undefined ? {} : { settling: settlingToJson(settling) };
  return sql`
    with fence as ${fence(db, { rule, version: commit.version }, { ...move, ...settled })},
    positions as (
      insert into ack_positions (rule, topic, epoch, sequence, idx)
      select ${rule}, p.* from unnest(
        ${arrayOfTexts(positions.map(([topic]) => topic))}::text[],
        ${arrayOfNumbers(positions.map(([, at]) => at.epoch))}::bigint[],
        ${arrayOfNumbers(positions.map(([, at]) => at.sequence))}::bigint[],
        ${arrayOfNumbers(positions.map(([, at]) => at.index))}::int[]
      ) as p (topic, epoch, sequence, idx)
      where exists (select from fence)
      on conflict (rule, topic) do update
      set epoch = excluded.epoch, sequence = excluded.sequence, idx = excluded.idx
    ),
    written as (
      insert into ack_ids (rule, id, state, seen, next_ms, overdue_ms)
      select ${rule}, w.id, w.state, w.seen::bigint[], w.next_ms, w.overdue_ms from unnest(
        ${arrayOfTexts(written.map(({ id }) => id))}::text[],
        ${arrayOfNumbers(written.map(({ state }) => ackIdStates.indexOf(state)))}::smallint[],
        ${arrayOfTexts(written.map(({ seen }) => arrayOfNumbers(seenToRow(seen, commit.rule))))}::text[],
        ${arrayOfNumbers(written.map(({ nextMs }) => nextMs))}::bigint[],
        ${arrayOfNumbers(written.map(({ overdueMs }) => overdueMs))}::bigint[]
      ) as w (id, state, seen, next_ms, overdue_ms)
      where exists (select from fence)
      on conflict (rule, id) do update
      set state = excluded.state, seen = excluded.seen, next_ms = excluded.next_ms,
        overdue_ms = excluded.overdue_ms
    ),
    dropped as (
      delete from ack_ids where rule = ${rule} and exists (select from fence)
        and id = any(${arrayOfTexts(commit.dropped)}::text[])
    ),
    announced as (
      insert into ack_outbox (rule, output, n, id, state, late, seen)
      select ${rule}, case when a.state = 0 then 0 else 1 end, a.n, a.id, a.state, a.late,
        a.seen::bigint[]
      from unnest(
        ${arrayOfNumbers(announced.map(({ n }) => n))}::bigint[],
        ${arrayOfTexts(announced.map(({ id }) => id))}::text[],
        ${arrayOfNumbers(announced.map(({ state }) => announcementStates.indexOf(state)))}::smallint[],
        ${arrayOfNumbers(announced.map(({ late }) => Number(late)))}::int[]::boolean[],
        ${arrayOfTexts(announced.map(({ seen }) => arrayOfNumbers(seen)))}::text[]
      ) as a (n, id, state, late, seen)
      where exists (select from fence)
    )
    select exists (select from fence) as moved`;
}

/** By hand: the announcements go in the statement of the fence. */
export function sentStatement(db: Queries, sent: AckSent): SQL {
  const { rule, acks, notices, delays } = sent;
  return sql`
    with fence as ${fence(db, sent, { delays })},
    gone as (
      delete from ack_outbox where rule = ${rule} and exists (select from fence)
        and ((output = 0 and n <= ${acks}) or (output = 1 and n <= ${notices}))
    )
    select exists (select from fence) as moved`;
}

interface Fenced {
  readonly rule: number;
  readonly version: number;
}

function fence(
  db: Queries,
  { rule, version }: Fenced,
  set: Parameters<ReturnType<typeof db.update<typeof ackRules>>["set"]>[0],
) {
  return db
    .update(ackRules)
    .set(set)
    .where(
      and(eq(ackRules.number, rule), eq(ackRules.version, version), isNull(ackRules.removedAt)),
    )
    .returning({ number: ackRules.number });
}
