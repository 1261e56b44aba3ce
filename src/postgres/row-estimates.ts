/** About how many rows the tables that grow with use have, for `/status`: PostgreSQL's own estimates. */

import { sql } from "drizzle-orm";
import type { Clock } from "../core/clock.ts";
import { arrayOfTexts } from "./arrays.ts";
import type { Database } from "./database.ts";
import { statement } from "./statement.ts";

export interface RowEstimates {
  /** By table; without those of which nothing is known yet. */
  status(): Readonly<Record<string, number>>;
}

const refreshMs = 10_000;

/** Answers what was found last, and queries again in the background where that is too old. */
export function createRowEstimates(
  { db, run }: Database,
  tables: () => readonly string[],
  clock: Clock,
): RowEstimates {
  let rows: Readonly<Record<string, number>> = {};
  let askedMs = -Infinity;

  async function refresh(): Promise<void> {
    // By hand: the catalogue. An estimate is -1 until the table was analysed.
    const found = await run(() =>
      statement<{ name: string; rows: string }>(
        db,
        sql`
          select relname as name,
            greatest(reltuples, pg_stat_get_live_tuples(oid), 0)::bigint as rows
          from pg_class
          where relnamespace = current_schema()::regnamespace
            and relname = any(${arrayOfTexts(tables())}::text[])`,
      ),
    );
    rows = Object.fromEntries(found.map((row) => [row.name, Number(row.rows)]));
  }

  return {
    status() {
      if (clock.nowMs() - askedMs >= refreshMs) {
        askedMs = clock.nowMs();
        refresh().catch(() => {
          // The store is unavailable, which readiness reports.
        });
      }
      return rows;
    },
  };
}
