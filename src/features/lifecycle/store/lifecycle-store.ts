/** Queries of lifecycles (one message, lists, funnels), and the settings of apps. */

import { asc, eq, getTableColumns, sql } from "drizzle-orm";
import { arrayOfTexts } from "../../../postgres/arrays.ts";
import type { Database } from "../../../postgres/database.ts";
import { isNamed } from "../../../postgres/granted.ts";
import {
  positionColumns,
  positionFromColumns,
  positionFromRow,
} from "../../../postgres/projection-row.ts";
import { preparedRead } from "../../../postgres/read.ts";
import { statement } from "../../../postgres/statement.ts";
import { projections } from "../../../postgres/tables.ts";
import type { AppSettings, KeptLifecycles, LifecycleStore, NamedApps } from "../lifecycle.ts";
import { appWalk } from "./app-walk.ts";
import { createLifecycleCounts } from "./counts.ts";
import { funnelOf } from "./funnel.ts";
import { createLifecycleList } from "./list.ts";
import { createPrefixList } from "./prefix.ts";
import { lifecycleProjection } from "./projection.ts";
import { lifecycleFromRow } from "./row.ts";
import { settleApp } from "./settle.ts";
import { lifecycleApps, lifecycleProgress, lifecycles } from "./tables.ts";

/** Rows of an app that a change of its settings updates at once; the upkeep does the rest. */
const settledAtOnce = 50_000;

export function createLifecycleStore(database: Database): LifecycleStore {
  const { run } = database;
  const ofMessage = ofMessageRead(database);
  const apps = appsRead(database);
  const progress = progressRead(database);
  return {
    async ofMessage(messageId): Promise<KeptLifecycles> {
      const rows = await run(() => ofMessage({ messageId }));
      const [first] = rows;
      return {
        through: first && positionFromRow(first),
        // The row of a message without lifecycles has the position alone.
        lifecycles: rows.flatMap((row) => (hasLifecycle(row) ? [lifecycleFromRow(row)] : [])),
      };
    },

    list: createLifecycleList(database),
    listByPrefix: createPrefixList(database),
    ...createLifecycleCounts(database),

    funnel: (query) => funnelOf(database, query),

    async apps(appIds): Promise<ReadonlyMap<string, AppSettings>> {
      const rows = await run(() => apps({ appIds: arrayOfTexts(appIds) }));
      return new Map(rows.map((row) => [row.appId, appFromRow(row)]));
    },

    async setApp(app) {
      await run(() => setApp(database, app));
      await settleApp(database, app.appId, settledAtOnce);
    },

    appIds: (page) => appIds(database, page),

    async hasLifecycles(appId) {
      const { db } = database;
      const isOfApp = eq(lifecycles.appId, appId);
      const one = db.select({ appId: lifecycles.appId }).from(lifecycles).where(isOfApp).limit(1);
      return (await run(() => one)).length > 0;
    },

    async progress() {
      const [row] = await run(() => progress());
      return {
        through: row && positionFromColumns(row.epoch, row.sequence, row.idx),
        undecodable: row?.undecodable ?? 0,
      };
    },
  };
}

/** The projection's position, and the message's lifecycles of one snapshot: rows and position agree. */
function ofMessageRead({ db, sql: driver }: Database) {
  return preparedRead(
    driver,
    db
      .select({ ...positionColumns, ...getTableColumns(lifecycles) })
      .from(projections)
      .leftJoin(lifecycles, eq(lifecycles.messageId, sql.placeholder("messageId")))
      .where(eq(projections.name, lifecycleProjection))
      .orderBy(asc(lifecycles.appId)),
  );
}

function hasLifecycle<Row extends { readonly appId: string | null }>(
  row: Row,
): row is Row & typeof lifecycles.$inferSelect {
  return row.appId !== null;
}

function appsRead({ db, sql: driver }: Database) {
  const isAny = sql`${lifecycleApps.appId} = any(${sql.placeholder("appIds")}::text[])`;
  return preparedRead(driver, db.select().from(lifecycleApps).where(isAny));
}

async function appIds(
  { db, run }: Database,
  { after = "", limit, names }: NamedApps,
): Promise<readonly string[]> {
  const isOfThem = names === undefined ? sql`` : sql`and ${isNamed(sql`app_id`, names)}`;
  // By hand: see `appWalk`.
  const rows = await run(() =>
    statement<{ app_id: string }>(
      db,
      sql`
        with recursive walk (app_id, n) as (${appWalk(after, limit, names)}),
        known as (
          (select app_id from walk where app_id is not null)
          union
          (select app_id from lifecycle_apps where app_id > ${after} ${isOfThem}
            order by app_id limit ${limit})
        )
        select app_id from known order by app_id limit ${limit}`,
    ),
  );
  return rows.map(({ app_id }) => app_id);
}

function progressRead({ db, sql: driver }: Database) {
  return preparedRead(
    driver,
    db
      .select({ ...positionColumns, undecodable: lifecycleProgress.undecodable })
      .from(lifecycleProgress)
      .leftJoin(projections, eq(projections.name, lifecycleProjection)),
  );
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
