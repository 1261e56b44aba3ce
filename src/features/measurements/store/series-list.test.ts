/** Lists of series in a database whose tables have grown since the first list was read. */

import { beforeAll, expect, test } from "bun:test";
import { testPostgres } from "../../../../test/support/postgres.ts";
import { withSeries } from "../../../../test/support/series-rig.ts";
import { allNames } from "../../../core/access/grant.ts";
import { openDatabase } from "../../../postgres/database.ts";
import type { SeriesOrder } from "../series-port.ts";
import { createSeriesStore } from "./series-store.ts";

const few = 3;
const many = 50_000;
const orders: readonly SeriesOrder[] = ["tag", "rate", "silent"];

beforeAll(async () => {
  await testPostgres();
}, 60_000);

test("a list of many series is as quick where the first list was read while there were few", async () => {
  await withSeries(async ({ database: { sql }, url }) => {
    // As the gateway reads: each connection plans a statement once.
    const database = openDatabase({ url, connectionsMax: 1, plansOnce: true, statementMs: 3000 });
    try {
      const { list } = createSeriesStore(database);
      const query = { prefix: "", part: "", limit: 100, names: allNames };
      const rateSpan = { fromNs: 0n, toNs: 10n };
      const first = { tag: "", rank: -(2n ** 63n) };
      const add = async (from: number, to: number) => {
        await sql`
          insert into series_tags (tag)
          select 'sensor-' || n from generate_series(${from}::int, ${to}::int) n`;
        await sql`
          insert into series_activity (tag, last_time, bucket, counted)
          select id, ${many} - id, 0, id from series_tags where id >= ${from} and id <= ${to}`;
      };
      // As many as are analysed; nothing ends the plans that are made now.
      await add(1, few);
      await sql`analyze series_tags, series_activity`;
      await sql`alter table series_tags set (autovacuum_enabled = off)`;
      await sql`alter table series_activity set (autovacuum_enabled = off)`;
      for (const sort of orders) {
        expect(await list({ ...query, sort, rateSpan, after: first })).toHaveLength(few);
      }
      await add(few + 1, many);
      for (const sort of orders) {
        const found = await list({ ...query, sort, rateSpan, after: first });
        expect(found).toHaveLength(query.limit);
        const numbers = found.map(({ tag }) => Number(tag.slice("sensor-".length)));
        expect(numbers.slice(0, 2)).toEqual(sort === "tag" ? [1, 10] : [many, many - 1]);
      }
    } finally {
      await database.close();
    }
  });
}, 60_000);
