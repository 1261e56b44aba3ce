/** Counts and refusals of relations. */

import { and, desc, eq, lt, lte, sql } from "drizzle-orm";
import { arrayOfNumbers, arrayOfTexts } from "../../../postgres/arrays.ts";
import type { Database } from "../../../postgres/database.ts";
import { type Queries, statement } from "../../../postgres/statement.ts";
import type { Refusal, Relation, Relations } from "../relation.ts";
import { relationCounts, relationRefusals } from "./tables.ts";

/** Number of refusals kept of each relation, the newest: enough to see what is wrong. */
const refusalsMax = 100_000;

/** The name of a relation's projection, and of the lock that owns it. */
export function relationName({ topic, name }: Pick<Relation, "topic" | "name">): string {
  return `relation:${topic}:${name}`;
}

export function createRelations({ db, run }: Database, all: readonly Relation[]): Relations {
  return {
    all,

    async counts() {
      const rows = await run(() => db.select().from(relationCounts));
      return new Map(rows.map(({ relation, taken, refused }) => [relation, { taken, refused }]));
    },

    refusals(relation, before, limit) {
      const { number, position, field, given, message } = relationRefusals;
      return run(() =>
        db
          .select({ number, position, field, given, message })
          .from(relationRefusals)
          .where(
            and(
              eq(relationRefusals.relation, relation),
              before === undefined ? undefined : lt(number, before),
            ),
          )
          .orderBy(desc(number))
          .limit(limit),
      );
    },
  };
}

export interface PositionedRefusal extends Refusal {
  readonly position: string;
}

/** Writes refusals under the numbers from `first` on. */
export async function addRefusals(
  tx: Queries,
  relation: string,
  first: number,
  refusals: readonly PositionedRefusal[],
): Promise<void> {
  // By hand: as arrays, which may be long and whose texts may hold what PostgreSQL cannot store.
  await statement(
    tx,
    sql`
      insert into relation_refusals (relation, number, position, field, given, message)
      select ${relation}, * from unnest(
        ${arrayOfNumbers(refusals.map((_, index) => first + index))}::bigint[],
        ${arrayOfTexts(refusals.map(({ position }) => position))}::text[],
        ${arrayOfTexts(refusals.map(({ field }) => field))}::text[],
        ${arrayOfTexts(refusals.map(({ given }) => given))}::text[],
        ${arrayOfTexts(refusals.map(({ message }) => message))}::text[])`,
  );
}

/** Drops all but the newest `refusalsMax`, of which the newest has the number `last`. */
export async function trimRefusals(tx: Queries, relation: string, last: number): Promise<void> {
  await tx
    .delete(relationRefusals)
    .where(
      and(
        eq(relationRefusals.relation, relation),
        lte(relationRefusals.number, last - refusalsMax),
      ),
    );
}
