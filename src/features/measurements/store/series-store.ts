/** Series for readers: samples, snapshots for aggregates, pages for exports, the list. */

import type { Database } from "../../../postgres/database.ts";
import { errorCode } from "../../../postgres/error-code.ts";
import type { Queries } from "../../../postgres/statement.ts";
import type { SeriesPoint, SeriesSnapshot, SeriesStore } from "../series-port.ts";
import { asOfPoints, createAsOfState, lastPoint } from "./as-of.ts";
import { planOf, type SeriesPlan } from "./partition-list.ts";
import { hourNs, hourOf } from "./partitions.ts";
import { type HourPart, pageOf, pagesOf, partsOf } from "./points.ts";
import { rollupsOf, unrolledOf } from "./rollup-queries.ts";
import { createListReads } from "./series-list.ts";

/** Attempts of a query whose partition is dropped meanwhile. */
const attempts = 3;
const undefinedTable = "42P01";

export function createSeriesStore(database: Database): SeriesStore {
  const { db, snapshots, run } = database;
  const asOfSources = { ...createAsOfState(), db, sql: database.sql };
  const lists = createListReads(database);
  return {
    asOf: (tag, instants) =>
      run(() =>
        retryDropped(async () => {
          const plan = await planOf(db, tag);
          return plan && (await asOfPoints(asOfSources, plan, instants));
        }),
      ),

    snapshot: (tag, use) =>
      run(() =>
        retryDropped(async () => {
          // The driver would take a result that is an array for several results.
          let answer: Awaited<ReturnType<typeof use>> | undefined;
          await snapshots.transaction(async (tx) => {
            const plan = await planOf(tx, tag);
            if (plan !== undefined) answer = await use(snapshotOf(tx, plan));
          });
          return answer;
        }),
      ),

    async *pages(tag, span, signal) {
      const plan = await run(() => planOf(db, tag));
      if (plan === undefined) return;
      const { id } = plan;
      for (const part of partsOf(plan.tables, span)) {
        yield* pagesOf((from) => readPage(part, from), part, signal);
      }

      function readPage({ table, toNs }: HourPart, fromNs: bigint): Promise<SeriesPoint[]> {
        // Points that retention has dropped meanwhile are not returned.
        const page = () => pageOf(db, id, { table, fromNs, toNs });
        return run(() =>
          page().catch((error: unknown) => {
            if (errorCode(error) === undefinedTable) return [];
            throw error;
          }),
        );
      }
    },

    list: (query) => run(() => lists.list(query)),
    recent: (query) => run(() => lists.recent(query)),
  };
}

function snapshotOf(tx: Queries, plan: SeriesPlan): SeriesSnapshot {
  const { id, tables } = plan;
  const hours = [...tables.keys()];
  return {
    kept: { fromNs: (hours[0] ?? 0n) * hourNs, toNs: ((hours.at(-1) ?? -1n) + 1n) * hourNs },
    unrolled: (span) => unrolledOf(tx, id, span),
    rollups: (level, spans, parts) => rollupsOf(tx, id, { level, spans, parts }),
    async *points(span) {
      for (const part of partsOf(tables, span)) {
        yield* pagesOf((fromNs) => pageOf(tx, id, { ...part, fromNs }), part);
      }
    },
    lastBefore: (ns) =>
      lastPoint(
        tx,
        plan,
        hours.filter((hour) => hour <= hourOf(ns)),
        ns,
      ),
  };
}

/** Retention may drop a partition after the query has found it. */
async function retryDropped<T>(read: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await read();
    } catch (error) {
      if (attempt === attempts || errorCode(error) !== undefinedTable) throw error;
    }
  }
}
