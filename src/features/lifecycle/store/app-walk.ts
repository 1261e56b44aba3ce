/** Apps that have lifecycles, without reading all of those. */

import { type SQL, sql } from "drizzle-orm";

/**
 * The body of a recursive query `walk (app_id, n)`: the `count` next apps after `after`. By hand, because
 * it jumps along the index from one app to the next. Its last row may be null.
 */
export function appWalk(after: string, count: number): SQL {
  return sql`
    (select app_id, 1 from lifecycles where app_id > ${after} order by app_id limit 1)
    union all
    select (select l.app_id from lifecycles l where l.app_id > w.app_id
      order by l.app_id limit 1), n + 1
    from walk w where w.app_id is not null and n < ${count}`;
}
