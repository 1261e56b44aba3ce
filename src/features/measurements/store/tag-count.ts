/** The number of tags, and all tags in the order of their ids. */

import { asc, gt, max } from "drizzle-orm";
import type { Database } from "../../../postgres/database.ts";
import { preparedRead } from "../../../postgres/read.ts";
import type { TagStore } from "../tag-bound.ts";
import { seriesTags } from "./tables.ts";

export function createTagStore({ db, run, sql }: Database): TagStore {
  const { id, tag } = seriesTags;
  const largest = preparedRead(sql, db.select({ count: max(id).as("count") }).from(seriesTags));
  return {
    async count() {
      // The largest id: ids are given in order, and only a race of two nodes leaves one out.
      const [row] = await run(() => largest());
      return row?.count ?? 0;
    },

    page: (after, limit) =>
      run(() =>
        db.select({ id, tag }).from(seriesTags).where(gt(id, after)).orderBy(asc(id)).limit(limit),
      ),
  };
}
