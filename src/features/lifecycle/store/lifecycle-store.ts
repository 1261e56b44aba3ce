/** What is asked of lifecycles: one message, lists, funnels, and what apps expect. */
import type { PendingQuery, Row } from "postgres";
import type { AppSettings, Funnel, KeptLifecycles, LifecycleStore } from "../lifecycle.ts";
import type { Database } from "../../../postgres/database.ts";
import { lifecycleProjection } from "./projection.ts";
import { listLifecycles } from "./list.ts";
import { lifecycleColumns, lifecycleFromRow, textsFromJson, type LifecycleRow } from "./row.ts";
import { settleApp } from "./retention.ts";
import { positionFromRow, positionOf, type PositionRow } from "../../../postgres/projection-row.ts";
import { arrayOfTexts } from "../../../postgres/arrays.ts";

/** How much of an app's rows a change of what it expects brings up at once; upkeep does the rest. */
const settledAtOnce = 50_000;

export function createLifecycleStore(database: Database): LifecycleStore {
  const { sql, run } = database;
  return {
    async ofMessage(messageId): Promise<KeptLifecycles> {
      // One statement, hence one snapshot: rows and position agree.
      const rows = await run(
        () => sql<(PositionRow & LifecycleRow)[]>`
          select p.epoch, p.sequence, p.idx, ${lifecycleColumns(sql)} from projections p
          left join lifecycles l on l.message_id = ${messageId}
          where p.name = ${lifecycleProjection} order by l.app_id`,
      );
      const [first] = rows;
      return {
        through: first && positionFromRow(first),
        lifecycles: rows.filter((row) => row.app_id !== null).map(lifecycleFromRow),
      };
    },

    list: (query, nowNs) => listLifecycles(database, query, nowNs),

    async funnel({ appId, stages, sinceNs, untilNs }): Promise<Funnel> {
      const firsts = stages.map(
        (stage, i) => sql`firsts[array_position(events, ${stage})] as at_${sql.unsafe(String(i))}`,
      );
      const results = stages.map((_, i) => {
        const [at, before] = [sql.unsafe(`at_${i}`), sql.unsafe(`at_${i - 1}`)];
        const reached = sql`count(${at})::text as reached_${sql.unsafe(String(i))}`;
        if (i === 0) return reached;
        return sql`${reached}, to_json(percentile_cont(array[0.5, 0.9, 0.99])
          within group (order by (${at} - ${before}) / 1e6))::text as delays_${sql.unsafe(String(i))}`;
      });
      const [row] = await run(
        () => sql<Record<string, unknown>[]>`
          select count(*)::text as lifecycles, ${listed(results)}
          from (
            select ${listed(firsts)} from lifecycles
            where app_id = ${appId} and complete in (true, false)
              ${sinceNs === undefined ? sql`` : sql`and first_ns >= ${sinceNs.toString()}::bigint`}
              ${untilNs === undefined ? sql`` : sql`and first_ns < ${untilNs.toString()}::bigint`}
          ) s`,
      );
      return {
        lifecycles: Number(row?.["lifecycles"]),
        stages: stages.map((event, i) => ({
          event,
          reached: Number(row?.[`reached_${i}`]),
          delayMs: percentiles(row?.[`delays_${i}`]),
        })),
      };

      function listed(parts: readonly PendingQuery<Row[]>[]) {
        return parts.flatMap((part, i) => (i === 0 ? [part] : [sql`,`, part]));
      }
    },

    async apps(appIds): Promise<ReadonlyMap<string, AppSettings>> {
      const rows = await run(
        () => sql<AppRow[]>`
          select app_id, to_json(expected)::text as expected, deadline_ms, retention_ms from lifecycle_apps
          where app_id = any (${arrayOfTexts(appIds)}::text[])`,
      );
      return new Map(rows.map((row) => [row.app_id, appFromRow(row)]));
    },

    async setApp({ appId, expected, deadlineMs, retentionMs }) {
      await run(() =>
        sql.begin(async (tx) => {
          // What commits meanwhile waits, and goes by the new settings: no row is missed.
          await tx`select from projections where name = ${lifecycleProjection} for update`;
          await tx`
            insert into lifecycle_apps as a (app_id, expected, deadline_ms, retention_ms)
            values (${appId}, ${arrayOfTexts(expected)}::text[], ${deadlineMs ?? null},
              ${retentionMs ?? null})
            on conflict (app_id) do update set expected = excluded.expected,
              deadline_ms = excluded.deadline_ms, retention_ms = excluded.retention_ms,
              settled = case when a.expected = excluded.expected and a.settled = a.revision
                then a.revision + 1 else a.settled end,
              revision = a.revision + 1`;
        }),
      );
      await settleApp(database, appId, settledAtOnce);
    },

    async progress() {
      const [through, [row]] = await run(() =>
        Promise.all([
          positionOf(sql, lifecycleProjection),
          sql<{ undecodable: string }[]>`select undecodable from lifecycle_progress`,
        ]),
      );
      return { through, undecodable: Number(row?.undecodable ?? 0) };
    },
  };
}

interface AppRow {
  readonly app_id: string;
  readonly expected: string;
  readonly deadline_ms: string | null;
  readonly retention_ms: string | null;
}

function appFromRow({ app_id, expected, deadline_ms, retention_ms }: AppRow): AppSettings {
  return {
    appId: app_id,
    expected: textsFromJson(expected),
    deadlineMs: deadline_ms === null ? undefined : Number(deadline_ms),
    retentionMs: retention_ms === null ? undefined : Number(retention_ms),
  };
}

/** Null where no id has both stages. */
function percentiles(json: unknown) {
  if (typeof json !== "string") return undefined;
  const [p50, p90, p99] = textsFromJson(json).map((ms) => Math.round(Number(ms) * 1000) / 1000);
  return { p50: p50 ?? 0, p90: p90 ?? 0, p99: p99 ?? 0 };
}
