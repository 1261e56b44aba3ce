/**
 * What a rule's owner reads and commits. A commit is one statement, fenced by the rule's version:
 * of two owners, one writes nothing and is told.
 */
import {
  type AckCommit,
  type AckCounts,
  type AckId,
  ackIdStates,
  type AckLedgerStore,
  type AckState,
  announcementStates,
  type Announcement,
  type DelayCounts,
} from "../rule.ts";
import { Failure } from "../../../core/failure.ts";
import type { Database } from "../../../postgres/database.ts";
import { positionFromRow, type PositionRow } from "../../../postgres/projection-row.ts";
import { arrayOfNumbers, arrayOfTexts } from "../../../postgres/arrays.ts";

export function createAckLedger({ sql, run }: Database): AckLedgerStore {
  return {
    async open(rule) {
      const [row] = await run(
        () => sql<(CountsRow & StateRow)[]>`
          select version, producer_epoch, acks, notices, complete, late, open, overdue, forgotten,
            duplicates, without_id, delays::text
          from ack_rules where number = ${rule} and removed_at is null`,
      );
      if (row === undefined) return undefined;
      const rows = await run(
        () => sql<(PositionRow & { readonly topic: string })[]>`
          select topic, epoch, sequence, idx from ack_positions where rule = ${rule}`,
      );
      return {
        ...stateFromRow(row),
        positions: new Map(rows.map((each) => [each.topic, positionFromRow(each)])),
      };
    },

    async find(rule, ids) {
      return await findAckIds({ sql, run }, rule, ids);
    },

    async due(rule, untilMs, limit) {
      const rows = await run(() => dueQuery(sql, rule, untilMs, limit));
      return rows.map(ackIdFromRow);
    },

    async commit(commit) {
      const [row] = await run(() => commitStatement(commit));
      if (row?.moved !== true) throw movedByAnother();
    },

    async outbox(rule, of, after, limit) {
      const rows = await run(
        () => sql<AnnouncementRow[]>`
          select n, id, state, late, seen::text from ack_outbox
          where rule = ${rule} and output = ${of === "acks" ? 0 : 1} and n > ${after}
          order by n limit ${limit}`,
      );
      return rows.map(announcementFromRow);
    },

    async sent({ rule, version, acks, notices, delays }) {
      const [row] = await run(
        () => sql<{ moved: boolean }[]>`
          with fence as (
            update ack_rules set delays = ${JSON.stringify(delays)}::text::jsonb
            where number = ${rule} and version = ${version} and removed_at is null
            returning 1
          ),
          gone as (
            delete from ack_outbox where rule = ${rule} and exists (select from fence)
              and ((output = 0 and n <= ${acks}) or (output = 1 and n <= ${notices}))
          )
          select exists (select from fence) as moved`,
      );
      if (row?.moved !== true) throw movedByAnother();
    },

    async raiseEpoch(rule, epoch) {
      const [row] = await run(
        () => sql<{ producer_epoch: string }[]>`
          update ack_rules
          set producer_epoch = case when producer_epoch = ${epoch} then producer_epoch + 1
            else producer_epoch end
          where number = ${rule} returning producer_epoch`,
      );
      return Number(row?.producer_epoch ?? epoch);
    },
  };

  function commitStatement(commit: AckCommit) {
    const { rule, version, counts, written, announced } = commit;
    const positions = [...commit.positions];
    return sql<{ moved: boolean }[]>`
      with fence as (
        update ack_rules set version = version + 1, acks = ${commit.acks},
          notices = ${commit.notices}, complete = ${counts.complete}, late = ${counts.late},
          open = ${counts.open}, overdue = ${counts.overdue}, forgotten = ${counts.forgotten},
          duplicates = ${counts.duplicates}, without_id = ${counts.withoutId}
        where number = ${rule} and version = ${version} and removed_at is null
        returning 1
      ),
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
          ${arrayOfTexts(written.map(({ seen }) => arrayOfTimes(seen)))}::text[],
          ${arrayOfNumbers(written.map(({ nextMs }) => nextMs))}::bigint[],
          ${arrayOfTimes(written.map(({ overdueMs }) => overdueMs))}::bigint[]
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
          ${arrayOfTexts(announced.map(({ seen }) => arrayOfTimes(seen)))}::text[]
        ) as a (n, id, state, late, seen)
        where exists (select from fence)
      )
      select exists (select from fence) as moved`;
  }
}

/** What it costs is the rows that it gives, whatever else is there. */
export function dueQuery(sql: Database["sql"], rule: number, untilMs: number, limit: number) {
  return sql<AckIdRow[]>`
    select id, state, seen::text, next_ms, overdue_ms from ack_ids
    where rule = ${rule} and next_ms <= ${untilMs} order by next_ms limit ${limit}`;
}

/** As the store's other half asks for them, too. */
export async function findAckIds(
  { sql, run }: Pick<Database, "sql" | "run">,
  rule: number,
  ids: readonly string[],
): Promise<readonly AckId[]> {
  const rows = await run(
    () => sql<AckIdRow[]>`
      select id, state, seen::text, next_ms, overdue_ms from ack_ids
      where rule = ${rule} and id = any(${arrayOfTexts(ids)}::text[])`,
  );
  return rows.map(ackIdFromRow);
}

/** int8 comes as text. */
export interface AckIdRow {
  readonly id: string;
  readonly state: number;
  readonly seen: string;
  readonly next_ms: string;
  readonly overdue_ms: string | null;
}

export function ackIdFromRow({ id, state, seen, next_ms, overdue_ms }: AckIdRow): AckId {
  return {
    id,
    state: ackIdStates[state] ?? "open",
    seen: timesFromArray(seen),
    nextMs: Number(next_ms),
    overdueMs: overdue_ms === null ? undefined : Number(overdue_ms),
  };
}

export interface CountsRow {
  readonly complete: string;
  readonly late: string;
  readonly open: string;
  readonly overdue: string;
  readonly forgotten: string;
  readonly duplicates: string;
  readonly without_id: string;
  readonly delays: string;
}

export function delaysFromRow({ delays }: Pick<CountsRow, "delays">): DelayCounts {
  return JSON.parse(delays) as DelayCounts;
}

export function countsFromRow(row: CountsRow): AckCounts {
  return {
    complete: Number(row.complete),
    late: Number(row.late),
    open: Number(row.open),
    overdue: Number(row.overdue),
    forgotten: Number(row.forgotten),
    duplicates: Number(row.duplicates),
    withoutId: Number(row.without_id),
  };
}

interface StateRow {
  readonly version: string;
  readonly producer_epoch: string;
  readonly acks: string;
  readonly notices: string;
}

function stateFromRow(row: CountsRow & StateRow): Omit<AckState, "positions"> {
  return {
    version: Number(row.version),
    epoch: Number(row.producer_epoch),
    acks: Number(row.acks),
    notices: Number(row.notices),
    counts: countsFromRow(row),
    delays: delaysFromRow(row),
  };
}

interface AnnouncementRow {
  readonly n: string;
  readonly id: string;
  readonly state: number;
  readonly late: boolean;
  readonly seen: string;
}

function announcementFromRow({ n, id, state, late, seen }: AnnouncementRow): Announcement {
  return {
    n: Number(n),
    id,
    state: announcementStates[state] ?? "complete",
    late,
    seen: timesFromArray(seen),
  };
}

/** A bigint[] literal. */
function arrayOfTimes(times: readonly (bigint | number | undefined)[]): string {
  return `{${times.map((time) => time ?? "NULL").join(",")}}`;
}

function timesFromArray(text: string): readonly (bigint | undefined)[] {
  return text
    .slice(1, -1)
    .split(",")
    .map((time) => (time === "NULL" ? undefined : BigInt(time)));
}

function movedByAnother(): Failure {
  return new Failure("conflict", "The ack rule was moved on by another owner, or removed");
}
