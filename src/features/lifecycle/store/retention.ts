/**
 * What lifecycles need besides their events: old ones go, and after a change of what an app expects
 * its rows are brought up to it. One node at a time, in steps that hold few locks and end soon.
 */
import type { PendingQuery, Row } from "postgres";
import { sleep, type Clock } from "../../../core/clock.ts";
import { failureFrom } from "../../../core/failure.ts";
import { compareTexts } from "../lifecycle.ts";
import type { Logger } from "../../../core/logger.ts";
import type { Ownership } from "../../../core/projection.ts";
import type { Database } from "../../../postgres/database.ts";
import { arrayOfTexts } from "../../../postgres/arrays.ts";

export interface UpkeepOptions {
  readonly database: Database;
  /** For apps that say nothing else: how long a lifecycle is kept after its last event; 0 keeps it. */
  readonly retentionMs: number;
  readonly ownership: Ownership;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly everyMs?: number;
}

const everyMsDefault = 10_000;
const retryMs = 5_000;
/** About 50 ms a statement. */
const rowsPerStep = 2_000;
const appsPerStep = 50;

/** Resolves, never rejects, once the signal has ended it. */
export async function runLifecycleUpkeep(options: UpkeepOptions): Promise<void> {
  const { database, ownership, clock, logger, signal } = options;
  while (!signal.aborted) {
    try {
      const owned = await ownership.acquire("lifecycle-upkeep", signal);
      const stop = AbortSignal.any([signal, owned.lost]);
      try {
        while (!stop.aborted) {
          await settleApps(database, stop);
          await dropOldLifecycles(database, options.retentionMs, clock, stop);
          await sleep(clock, options.everyMs ?? everyMsDefault, stop);
        }
      } finally {
        await owned.release();
      }
    } catch (error) {
      const failure = failureFrom(error);
      if (failure.code === "cancelled") continue;
      logger("warn", "upkeep of lifecycles failed, trying again", {
        code: failure.code,
        reason: failure.message,
      });
      await sleep(clock, retryMs, signal);
    }
  }
}

/**
 * Drops lifecycles whose last record was received longer ago than their app keeps them; tells how
 * many. Only what is old is looked at.
 */
export async function dropOldLifecycles(
  { sql, run }: Database,
  retentionMs: number,
  clock: Clock,
  signal?: AbortSignal,
): Promise<number> {
  const nowNs = clock.nowNs().toString();
  let dropped = 0;
  let cursor: string | null = "";
  while (cursor !== null && signal?.aborted !== true) {
    const { last, apps } = await nextApps(cursor);
    for (const { app_id, kept_ms } of apps) {
      if (kept_ms !== "0") dropped += await dropOf(app_id, kept_ms);
    }
    cursor = last;
  }
  return dropped;

  /** Which apps have rows: a walk over the index that leaps from one to the next. */
  async function nextApps(after: string) {
    const apps = await run(
      () => sql<{ app_id: string; kept_ms: string }[]>`
        with recursive walk (app_id, n) as (
          (select app_id, 1 from lifecycles where app_id > ${after} order by app_id limit 1)
          union all
          select (select l.app_id from lifecycles l where l.app_id > w.app_id
            order by l.app_id limit 1), n + 1
          from walk w where w.app_id is not null and n < ${appsPerStep}
        )
        select w.app_id, coalesce(a.retention_ms, ${retentionMs})::text as kept_ms
        from walk w left join lifecycle_apps a on a.app_id = w.app_id
        where w.app_id is not null order by w.app_id`,
    );
    return { apps, last: apps.length < appsPerStep ? null : (apps.at(-1)?.app_id ?? null) };
  }

  async function dropOf(appId: string, keptMs: string): Promise<number> {
    const oldestNs = (BigInt(nowNs) - BigInt(keptMs) * 1_000_000n).toString();
    let droppedOfApp = 0;
    for (let at: Walked | undefined = walkStart; at !== undefined && signal?.aborted !== true;) {
      const { messages, next } = await walk({ sql, run }, appId, at, {
        wanted: sql`touched_ns < ${oldestNs}::bigint`,
        among: sql`seen_ns < ${oldestNs}::bigint`,
      });
      at = next;
      if (messages.length === 0) continue;
      const gone = await run(
        () => sql`
          delete from lifecycles
          where app_id = ${appId} and message_id = any (${arrayOfTexts(messages)}::text[])
            and touched_ns < ${oldestNs}::bigint`,
      );
      droppedOfApp += gone.count;
    }
    return droppedOfApp;
  }
}

/** Goes on with every app whose rows do not follow its settings yet. */
async function settleApps({ sql, run, ...rest }: Database, signal: AbortSignal): Promise<void> {
  const apps = await run(
    () => sql<{ app_id: string }[]>`
      select app_id from lifecycle_apps where settled < revision order by app_id`,
  );
  for (const { app_id } of apps) {
    if (signal.aborted) return;
    await settleApp({ sql, run, ...rest }, app_id, Number.POSITIVE_INFINITY, signal);
  }
}

/** Brings `complete` of an app's rows up to what the app expects, of at most `rowsMax` of them. */
export async function settleApp(
  { sql, run }: Database,
  appId: string,
  rowsMax: number,
  signal?: AbortSignal,
): Promise<void> {
  const [app] = await run(
    () => sql<{ revision: string; is_settled: boolean }[]>`
      select revision, settled = revision as is_settled from lifecycle_apps
      where app_id = ${appId}`,
  );
  if (app === undefined || app.is_settled) return;
  const isComplete = sql`
    (select a.expected <> '{}' and lifecycles.events @> a.expected
      from lifecycle_apps a where a.app_id = ${appId})`;
  let at: Walked = walkStart;
  for (let rows = 0; rows < rowsMax && signal?.aborted !== true; rows += rowsPerStep) {
    const { messages, next } = await walk({ sql, run }, appId, at, {
      wanted: sql`complete <> ${isComplete}`,
      among: sql`true`,
    });
    if (messages.length > 0) {
      await run(
        () => sql`
          update lifecycles set complete = ${isComplete}
          where app_id = ${appId} and message_id = any (${arrayOfTexts(messages)}::text[])`,
      );
    }
    if (next === undefined) {
      await run(
        () => sql`
          update lifecycle_apps set settled = revision
          where app_id = ${appId} and revision = ${app.revision}`,
      );
      return;
    }
    at = next;
  }
}

interface Walked {
  readonly seen: string;
  readonly message: string;
}

const walkStart: Walked = { seen: "-9223372036854775808", message: "" };

/**
 * The next rows of an app in the order in which they came to be, and those of them that are `wanted`:
 * by id, in which order everyone locks them. `next` is undefined at the end of the walk.
 */
async function walk(
  { sql, run }: Pick<Database, "sql" | "run">,
  appId: string,
  at: Walked,
  { wanted, among }: Readonly<Record<"wanted" | "among", PendingQuery<Row[]>>>,
): Promise<{ readonly messages: readonly string[]; readonly next: Walked | undefined }> {
  const rows = await run(
    () => sql<{ message_id: string; seen_ns: string; wanted: boolean }[]>`
      select message_id, seen_ns, ${wanted} as wanted from lifecycles
      where app_id = ${appId} and (seen_ns, message_id) > (${at.seen}::bigint, ${at.message})
        and ${among}
      order by seen_ns, message_id limit ${rowsPerStep}`,
  );
  const last = rows.at(-1);
  return {
    messages: rows.flatMap((row) => (row.wanted ? [row.message_id] : [])).toSorted(compareTexts),
    next:
      last === undefined || rows.length < rowsPerStep
        ? undefined
        : { seen: last.seen_ns, message: last.message_id },
  };
}
