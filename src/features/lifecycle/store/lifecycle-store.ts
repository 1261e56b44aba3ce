/** Queries of lifecycles (one message, lists, funnels), and the settings of apps. */

import { asc, eq, sql } from "drizzle-orm";
import type { Database } from "../../../postgres/database.ts";
import { positionColumns, positionFromRow, positionOf } from "../../../postgres/projection-row.ts";
import { isAnyOf } from "../../../postgres/statement.ts";
import { projections } from "../../../postgres/tables.ts";
import type { AppSettings, KeptLifecycles, LifecycleStore } from "../lifecycle.ts";
import { funnelOf } from "./funnel.ts";
import { listLifecycles } from "./list.ts";
import { lifecycleProjection } from "./projection.ts";
import { lifecycleFromRow } from "./row.ts";
import { settleApp } from "./settle.ts";
import { lifecycleApps, lifecycleProgress, lifecycles } from "./tables.ts";

/** Rows of an app that a change of its settings updates at once; the upkeep does the rest. */
const settledAtOnce = 50_000;

export function createLifecycleStore(database: Database): LifecycleStore {
  const { db, run } = database;
  return {
    async ofMessage(messageId): Promise<KeptLifecycles> {
      // One statement, hence one snapshot: rows and position agree.
      const rows = await run(() =>
        db
          .select({ at: positionColumns, lifecycle: lifecycles })
          .from(projections)
          .leftJoin(lifecycles, eq(lifecycles.messageId, messageId))
          .where(eq(projections.name, lifecycleProjection))
          .orderBy(asc(lifecycles.appId)),
      );
      const [first] = rows;
      return {
        through: first && positionFromRow(first.at),
        lifecycles: rows.flatMap(({ lifecycle }) =>
          lifecycle === null ? [] : [lifecycleFromRow(lifecycle)],
        ),
      };
    },

    list: (query, nowNs) => listLifecycles(database, query, nowNs),

    funnel: (query) => funnelOf(database, query),

    async apps(appIds): Promise<ReadonlyMap<string, AppSettings>> {
      const rows = await run(() =>
        db.select().from(lifecycleApps).where(isAnyOf(lifecycleApps.appId, appIds)),
      );
      return new Map(rows.map((row) => [row.appId, appFromRow(row)]));
    },

    async setApp(app) {
      await run(() => setApp(database, app));
      await settleApp(database, app.appId, settledAtOnce);
    },

    async progress() {
      const [through, [row]] = await run(() =>
        Promise.all([
          positionOf(db, lifecycleProjection),
          db.select({ undecodable: lifecycleProgress.undecodable }).from(lifecycleProgress),
        ]),
      );
      return { through, undecodable: row?.undecodable ?? 0 };
    },
  };
}

async function setApp({ db }: Database, { appId, expected, ...app }: AppSettings): Promise<void> {
  const { settled, revision } = lifecycleApps;
  const kept = { deadlineMs: app.deadlineMs ?? null, retentionMs: app.retentionMs ?? null };
  await db.transaction(async (tx) => {
    // Commits of the projection wait meanwhile and follow the new settings: no row is missed.
    await tx
      .select({ name: projections.name })
      .from(projections)
      .where(eq(projections.name, lifecycleProjection))
      .for("update");
    await tx
      .insert(lifecycleApps)
      .values({ appId, expected, ...kept })
      .onConflictDoUpdate({
        target: lifecycleApps.appId,
        set: {
          expected,
          ...kept,
          settled: sql`case when ${lifecycleApps.expected} = excluded.expected
            and ${settled} = ${revision} then ${revision} + 1 else ${settled} end`,
          revision: sql`${revision} + 1`,
        },
      });
  });
}

function appFromRow(row: typeof lifecycleApps.$inferSelect): AppSettings {
  return {
    appId: row.appId,
    expected: row.expected,
    deadlineMs: row.deadlineMs ?? undefined,
    retentionMs: row.retentionMs ?? undefined,
  };
}
