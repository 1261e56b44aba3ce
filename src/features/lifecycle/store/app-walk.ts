/** Apps that have lifecycles, without reading all of those. */

import { type SQL, sql } from "drizzle-orm";
import type { GrantedNames } from "../../../core/access/grant.ts";
import { grantedArrays } from "../../../postgres/granted.ts";

/**
 * The body of a recursive query `walk (app_id, n)`: the `count` next apps after `after`; with `names`
 * the next of these, past all others in one step. By hand, because it jumps along the index from one app
 * to the next. Its last row may be null.
 */
export function appWalk(after: string, count: number, names?: GrantedNames): SQL {
  const next = (from: SQL) => (names === undefined ? nextApp(from) : nextNamed(from, names));
  return sql`
    select ${next(sql`${after}::text`)}, 1
    union all
    select ${next(sql`w.app_id`)}, n + 1
    from walk w where w.app_id is not null and n < ${count}`;
}

function nextApp(from: SQL): SQL {
  return sql`(select l.app_id from lifecycles l where l.app_id > ${from}
    order by l.app_id limit 1)`;
}

/**
 * The names are tried in their order, so that the first that has an app has the next one; those that lie
 * before `from` are not tried.
 */
function nextNamed(from: SQL, names: GrantedNames): SQL {
  const { exact, starts } = grantedArrays(names);
  const inOrder = (texts: SQL) =>
    sql`(select name collate "C" as name from unnest(${texts}) as u (name) order by 1) g`;
  return sql`least(
    (select l.app_id from ${inOrder(exact)} cross join lateral (
        select app_id from lifecycles where app_id = g.name limit 1
      ) l
      where g.name > ${from} order by g.name limit 1),
    (select l.app_id from ${inOrder(starts)} cross join lateral (
        select app_id from lifecycles where app_id > ${from} and app_id >= g.name
        order by app_id limit 1
      ) l
      where (g.name > ${from} or ${from} ^@ g.name) and l.app_id ^@ g.name
      order by g.name limit 1)
  )`;
}
