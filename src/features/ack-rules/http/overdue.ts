/** What is overdue over all rules and applications: as pages, by group, and as a file. */

import type { Hono } from "hono";
import type { Caller } from "../../../core/access/caller.ts";
import { cutList } from "../../../core/page.ts";
import { renderTime } from "../../../core/time.ts";
import { callerOf } from "../../../http/access.ts";
import { answerStream } from "../../../http/answers/stream.ts";
import type { HttpDeps } from "../../../http/deps.ts";
import { reply, serve } from "../../../http/endpoint/endpoint.ts";
import {
  type EverywhereDeps,
  groupOverdue,
  overdueEverywhere,
  type OverdueGroup,
} from "../everywhere.ts";
import type { OverdueItem } from "../overdue-feeds.ts";
import * as endpoints from "./overdue-endpoints.ts";
import { renderOverdueCursor } from "./overdue-params.ts";

type OverdueDeps = EverywhereDeps & Pick<HttpDeps, "clock" | "answers" | "stallMs">;

export function mountOverdue(app: Hono, deps: OverdueDeps): void {
  serve(app, endpoints.listAllOverdue, async ({ query: { limit, after, since, ...query } }, c) => {
    const by = callerOf(c.req.raw);
    const found: OverdueItem[] = [];
    for await (const item of overdueEverywhere(deps, { ...query, sinceNs: since }, after, by)) {
      found.push(item);
      if (found.length > limit) break;
    }
    const { items, last } = cutList(found, limit);
    return reply(endpoints.listAllOverdue, 200, {
      overdue: items.map(describe),
      next: last === undefined ? null : renderOverdueCursor(last),
    });
  });
  serve(app, endpoints.groupAllOverdue, async ({ query: { by: grouping, since, ...query } }, c) => {
    const request = c.req.raw;
    const filter = { ...query, sinceNs: since };
    const found = await groupOverdue(deps, filter, grouping, callerOf(request), request.signal);
    const groups = found.groups.map(describeGroup);
    return reply(endpoints.groupAllOverdue, 200, { ...found, groups });
  });
  serve(app, endpoints.exportAllOverdue, async ({ query: { format, since, ...query } }, c) => {
    const by = callerOf(c.req.raw);
    const items = overdueEverywhere(deps, { ...query, sinceNs: since }, undefined, by);
    // What goes wrong before its first piece is a problem; later it breaks off.
    const pieces = piecesOf(items, format, by);
    const first = await pieces.next();
    return new Response(answerStream(deps, withFirst(first, pieces)), {
      headers: {
        "content-type": format === "csv" ? "text/csv; charset=utf-8" : "application/x-ndjson",
        "content-disposition": `attachment; filename="overdue.${format}"`,
      },
    });
  });
}

function describe({ rule, app, id, missing, seen, firstNs, overdueMs }: OverdueItem) {
  return {
    ...(rule === undefined ? {} : { rule }),
    ...(app === undefined ? {} : { app_id: app }),
    message_id: id,
    missing,
    seen: Object.fromEntries(seen.map(([place, ns]) => [place, renderTime(ns)])),
    first_seen: renderTime(firstNs),
    overdue_since: new Date(overdueMs).toISOString(),
  };
}

function describeGroup({ missing, rule, app, count, oldest }: OverdueGroup) {
  return {
    ...(missing === undefined ? {} : { missing }),
    ...(rule === undefined ? {} : { rule }),
    ...(app === undefined ? {} : { app_id: app }),
    count,
    oldest: describe(oldest),
  };
}

const utf8 = new TextEncoder();
/** A piece of some 100 KB. */
const pieceItems = 500;
const csvHeader = "rule,app_id,message_id,missing,first_seen,overdue_since\r\n";

async function* piecesOf(
  items: AsyncIterable<OverdueItem>,
  format: "ndjson" | "csv",
  by: Caller,
): AsyncGenerator<Uint8Array> {
  let text = format === "csv" ? csvHeader : "";
  let count = 0;
  for await (const item of items) {
    text += format === "csv" ? csvLine(item) : `${JSON.stringify(describe(item))}\n`;
    if (++count % pieceItems !== 0) continue;
    if (by.ended !== undefined) throw by.ended;
    yield utf8.encode(text);
    text = "";
  }
  if (text !== "") yield utf8.encode(text);
}

function csvLine(item: OverdueItem): string {
  const { rule = "", app_id = "", message_id, missing, ...times } = describe(item);
  const cells = [rule, app_id, message_id, missing.join(" ")];
  return `${[...cells, times.first_seen, times.overdue_since].map(csvCell).join(",")}\r\n`;
}

/** Ids come from outside: a spreadsheet must not read one as a formula. */
function csvCell(text: string): string {
  const safe = /^[=+@\t\r-]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

async function* withFirst(
  first: IteratorResult<Uint8Array>,
  others: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    for (let next = first; next.done !== true; next = await others.next()) yield next.value;
  } finally {
    await others.return(undefined);
  }
}
