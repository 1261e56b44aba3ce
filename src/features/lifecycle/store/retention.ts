/**
 * What lifecycles need besides their events: old ones go, and after a change of what an app expects
 * its rows are brought up to it. One node at a time, in steps that hold few locks and end soon.
 */

import { and, eq, lt, sql } from "drizzle-orm";
import { OwnedTask, type OwnedTaskDeps } from "../../../core/owned-task.ts";
import type { DatabaseClock } from "../../../postgres/database-clock.ts";
import type { Database } from "../../../postgres/database.ts";
import { isAnyOf, statement } from "../../../postgres/statement.ts";
import { appWalk } from "./app-walk.ts";
import { settleApps } from "./settle.ts";
import { lifecycles } from "./tables.ts";
import { walk, type WalkedTo, walkStart } from "./walk.ts";

export interface UpkeepOptions extends OwnedTaskDeps {
  readonly database: Database;
  /** For apps that say nothing else: how long a lifecycle is kept after its last event; 0 keeps it. */
  readonly retentionMs: number;
  readonly everyMs?: number;
  readonly databaseClock: Pick<DatabaseClock, "sweepNs">;
}

const everyMsDefault = 10_000;
const appsPerStep = 50;

/** Resolves, never rejects, once the signal has ended it. */
export function runLifecycleUpkeep(options: UpkeepOptions): Promise<void> {
  const { database, retentionMs, databaseClock, everyMs = everyMsDefault, ...running } = options;
  const task = { name: "lifecycle-upkeep", task: "lifecycle upkeep" };
  return new OwnedTask({ ...running, ...task, everyMs }, async ({ stop }) => {
    await settleApps(database, stop);
    await dropOldLifecycles(database, retentionMs, await databaseClock.sweepNs(), stop);
  }).done;
}

/**
 * Drops lifecycles whose last record was received longer ago than their app keeps them; returns how
 * many. It reads only old ones.
 */
export async function dropOldLifecycles(
  database: Database,
  retentionMs: number,
  nowNs: bigint,
  signal?: AbortSignal,
): Promise<number> {
  let dropped = 0;
  let cursor: string | undefined = "";
  while (cursor !== undefined && signal?.aborted !== true) {
    const apps = await nextApps(database, cursor, retentionMs);
    for (const { app_id: appId, kept_ms: keptMs } of apps) {
      if (keptMs === "0") continue;
      dropped += await dropOf(database, appId, nowNs - BigInt(keptMs) * 1_000_000n, signal);
    }
    cursor = apps.length < appsPerStep ? undefined : apps.at(-1)?.app_id;
  }
  return dropped;
}

/** The next apps after `after` that have lifecycles, and how long each keeps them. */
async function nextApps({ db, run }: Database, after: string, retentionMs: number) {
  // By hand: see `appWalk`.
  return await run(() =>
    statement<{ app_id: string; kept_ms: string }>(
      db,
      sql`
        with recursive walk (app_id, n) as (${appWalk(after, appsPerStep)})
        select w.app_id, coalesce(a.retention_ms, ${retentionMs})::text as kept_ms
        from walk w left join lifecycle_apps a on a.app_id = w.app_id
        where w.app_id is not null order by w.app_id`,
    ),
  );
}

async function dropOf(
  database: Database,
  appId: string,
  oldestNs: bigint,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { db, run } = database;
  const isOld = lt(lifecycles.touchedNs, oldestNs);
  let dropped = 0;
  for (let at: WalkedTo | undefined = walkStart; at !== undefined && signal?.aborted !== true;) {
    const { messages, next } = await walk(database, appId, at, {
      matches: sql<boolean>`${isOld}`,
      among: lt(lifecycles.seenNs, oldestNs),
    });
    at = next;
    if (messages.length === 0) continue;
    const { count } = await run(() =>
      db
        .delete(lifecycles)
        .where(and(eq(lifecycles.appId, appId), isAnyOf(lifecycles.messageId, messages), isOld)),
    );
    dropped += count;
  }
  return dropped;
}
