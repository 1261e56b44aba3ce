/**
 * Lifecycles by the beginning of their message id, in the order of the key. What other filters leave
 * over may lie far apart, so that a page looks at a bounded number of rows.
 */

import { type SQL, sql } from "drizzle-orm";
import type { Database } from "../../../postgres/database.ts";
import { isGranted } from "../../../postgres/granted.ts";
import { preparedStatement } from "../../../postgres/read.ts";
import { idBytesMax } from "../event.ts";
import { compareTexts, type LifecycleStore, type StoredQuery } from "../lifecycle.ts";
import { conditions, listBy, valuesOf } from "./list.ts";

/** Some 100 ms where none of them matches. */
const rowsPerPageDefault = 5_000;

/** Behind every id that begins with the prefix. */
const lastId = "\u{10ffff}".repeat(idBytesMax / 4);

type PrefixQuery = Parameters<LifecycleStore["listByPrefix"]>[0];

export function createPrefixList(
  database: Database,
  rowsPerPage = rowsPerPageDefault,
): LifecycleStore["listByPrefix"] {
  const render = (query: PrefixQuery, kinds: readonly boolean[]) =>
    prefixQuery(query, kinds, rowsPerPage);
  const list = listBy<PrefixQuery>(database, render, prefixValues);
  const windowEnd = (isNarrow: boolean) =>
    preparedStatement<{ message_id: string; app_id: string }>(
      database.sql,
      sql`
        select message_id, app_id from lifecycles where ${inWindow(isNarrow)}
        order by message_id, app_id offset ${sql.raw(String(rowsPerPage - 1))} limit 1`,
    );
  const [endOfAll, endOfNamed] = [windowEnd(false), windowEnd(true)];
  return async (query, nowNs) => {
    const found = await list(query, nowNs);
    const lifecycles = found.slice(0, query.limit);
    if (found.length > query.limit) return { lifecycles, next: lifecycles.at(-1) };
    const read = query.names === undefined ? endOfAll : endOfNamed;
    const [end] = await database.run(() => read(prefixValues(query, nowNs)));
    const next = end && { firstNs: 0n, messageId: end.message_id, appId: end.app_id };
    return { lifecycles, next };
  };
}

/** `isNarrow`: of the apps in `names` alone, because its end is shown as a cursor. */
function inWindow(isNarrow: boolean): SQL {
  return sql`(message_id, app_id)
    > (${sql.placeholder("afterMessageId")}, ${sql.placeholder("afterAppId")})
    and message_id <= ${sql.placeholder("lastId")}
    ${isNarrow ? sql`and ${isGranted(sql`app_id`)}` : sql``}`;
}

function prefixQuery(query: StoredQuery, kinds: readonly boolean[], rowsPerPage: number): SQL {
  const [kind] = kinds;
  const isOfKind = kinds.length === 1 ? sql`and l.complete = ${kind}` : sql``;
  const isOfApp =
    query.appId === undefined ? sql`` : sql`and l.app_id = ${sql.placeholder("appId")}`;
  const hasExternalId =
    query.externalId === undefined
      ? sql``
      : sql`and l.external_id = ${sql.placeholder("externalId")}`;
  return sql`
    select l.* from (
      select * from lifecycles where ${inWindow(query.names !== undefined)}
      order by message_id, app_id limit ${sql.raw(String(rowsPerPage))}
    ) l left join lifecycle_apps a on a.app_id = l.app_id
    where true ${isOfApp} ${isOfKind} ${hasExternalId} ${conditions(query)}
    order by l.message_id, l.app_id limit ${sql.placeholder("rows")}`;
}

function prefixValues(query: PrefixQuery, nowNs: bigint) {
  const { idPrefix, after } = query;
  // No app id is empty, so that this lies before the message itself.
  const start = { messageId: idPrefix, appId: "" };
  const { messageId, appId } =
    after === undefined || compareTexts(after.messageId, idPrefix) < 0 ? start : after;
  return {
    ...valuesOf(query, nowNs),
    afterMessageId: messageId,
    afterAppId: appId,
    lastId: idPrefix + lastId,
  };
}
