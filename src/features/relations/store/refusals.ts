/** What relations have taken and refused, for those who ask. */
import type { Sql, TransactionSql } from "postgres";
import type { KeptRefusal, Relation, RelationCounts, Relations } from "../relation.ts";
import type { Database } from "../../../postgres/database.ts";

/** The newest of each relation: what is wrong with so many is seen in fewer. */
const refusalsMax = 100_000;

/** Of its projection, and of the lock that owns it. */
export function relationName({ topic, name }: Pick<Relation, "topic" | "name">): string {
  return `relation:${topic}:${name}`;
}

export function createRelations({ sql, run }: Database, all: readonly Relation[]): Relations {
  return {
    all,
    counts: () => run(() => counts(sql)),
    refusals: (relation, before, limit) => run(() => refusals(sql, relation, before, limit)),
  };
}

async function counts(sql: Sql): Promise<ReadonlyMap<string, RelationCounts>> {
  const rows = await sql<{ relation: string; taken: string; refused: string }[]>`
    select relation, taken, refused from relation_counts`;
  return new Map(
    rows.map(({ relation, taken, refused }) => [
      relation,
      { taken: Number(taken), refused: Number(refused) },
    ]),
  );
}

async function refusals(
  sql: Sql,
  relation: string,
  before: number | undefined,
  limit: number,
): Promise<KeptRefusal[]> {
  const rows = await sql<(Omit<KeptRefusal, "number"> & { number: string })[]>`
    select number, position, field, given, message from relation_refusals
    where relation = ${relation} and number < ${before ?? Number.MAX_SAFE_INTEGER}
    order by number desc limit ${limit}`;
  return rows.map((row) => ({ ...row, number: Number(row.number) }));
}

/** Drops what is older than the newest `refusalsMax`, of which the newest has the number `last`. */
export async function trimRefusals(
  tx: TransactionSql,
  relation: string,
  last: number,
): Promise<void> {
  await tx`delete from relation_refusals
    where relation = ${relation} and number <= ${last - refusalsMax}`;
}
