/** The points of a series, partition by partition, in pages of a bounded size. */

import { sql } from "drizzle-orm";
import { type Queries, statement } from "../../../postgres/statement.ts";
import type { SeriesPoint, Span } from "../series-port.ts";
import { packedPoint, unpackPoints } from "./packed.ts";
import { hourTable, type HourTables } from "./partition-list.ts";
import { hourNs } from "./partitions.ts";

/** 10,000 points of ten values are 1 MB. */
const pagePoints = 10_000;

/** A span within one partition. */
export interface HourPart extends Span {
  readonly table: string;
}

export function partsOf(tables: HourTables, { fromNs, toNs }: Span): HourPart[] {
  return [...tables].flatMap(([hour, table]) => {
    const start = hour * hourNs;
    const from = fromNs > start ? fromNs : start;
    const to = toNs < start + hourNs ? toNs : start + hourNs;
    return from < to ? [{ table, fromNs: from, toNs: to }] : [];
  });
}

export async function* pagesOf(
  read: (fromNs: bigint) => Promise<SeriesPoint[]>,
  { fromNs }: Span,
  signal?: AbortSignal,
): AsyncGenerator<readonly SeriesPoint[], void, undefined> {
  let from = fromNs;
  while (signal?.aborted !== true) {
    const page = await read(from);
    const last = page.at(-1);
    if (last !== undefined) {
      yield page;
      from = last.timeNs + 1n;
    }
    if (page.length < pagePoints) return;
  }
}

export async function pageOf(
  db: Queries,
  id: number,
  { table, fromNs, toNs }: HourPart,
): Promise<SeriesPoint[]> {
  // By hand: one partition, and all points as one value.
  const [row] = await statement<{ packed: Uint8Array | null }>(
    db,
    sql`
      select string_agg(${packedPoint}, '' order by time) as packed
      from (
        select time, vals from ${hourTable(table)}
        where tag = ${id} and time >= ${fromNs.toString()}::bigint and time < ${toNs.toString()}::bigint
        order by time limit ${pagePoints}
      ) page`,
  );
  return unpackPoints(row?.packed);
}
