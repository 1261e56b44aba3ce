/** The `complete` of lifecycles, brought up to what their app expects after that has changed. */

import { and, asc, eq, lt, sql } from "drizzle-orm";
import type { Database } from "../../../postgres/database.ts";
import { isAnyOf } from "../../../postgres/statement.ts";
import { lifecycleApps, lifecycles } from "./tables.ts";
import { rowsPerStep, walk, type WalkedTo, walkStart } from "./walk.ts";

/** Continues with every app whose rows do not follow its settings yet. */
export async function settleApps(database: Database, signal: AbortSignal): Promise<void> {
  const { db, run } = database;
  const apps = await run(() =>
    db
      .select({ appId: lifecycleApps.appId })
      .from(lifecycleApps)
      .where(lt(lifecycleApps.settled, lifecycleApps.revision))
      .orderBy(asc(lifecycleApps.appId)),
  );
  for (const { appId } of apps) {
    if (signal.aborted) return;
    await settleApp(database, appId, Number.POSITIVE_INFINITY, signal);
  }
}

/** Brings `complete` up to what the app expects, in at most `rowsMax` of its rows. */
export async function settleApp(
  database: Database,
  appId: string,
  rowsMax: number,
  signal?: AbortSignal,
): Promise<void> {
  const { db, run } = database;
  const { revision, settled } = lifecycleApps;
  const [app] = await run(() =>
    db.select({ revision, settled }).from(lifecycleApps).where(eq(lifecycleApps.appId, appId)),
  );
  if (app === undefined || app.settled === app.revision) return;
  const isComplete = sql`(
    select a.expected <> '{}' and ${lifecycles.events} @> a.expected
    from ${lifecycleApps} a where a.app_id = ${appId})`;
  let at: WalkedTo = walkStart;
  for (let rows = 0; rows < rowsMax && signal?.aborted !== true; rows += rowsPerStep) {
    const { messages, next } = await walk(database, appId, at, {
      matches: sql<boolean>`${lifecycles.complete} <> ${isComplete}`,
    });
    if (messages.length > 0) {
      await run(() =>
        db
          .update(lifecycles)
          .set({ complete: isComplete })
          .where(and(eq(lifecycles.appId, appId), isAnyOf(lifecycles.messageId, messages))),
      );
    }
    if (next === undefined) {
      await run(() =>
        db
          .update(lifecycleApps)
          .set({ settled: app.revision })
          .where(and(eq(lifecycleApps.appId, appId), eq(revision, app.revision))),
      );
      return;
    }
    at = next;
  }
}
