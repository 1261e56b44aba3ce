/**
 * A topic as rows of its relation: upserted by key, with the position in the same transaction. A
 * record that does not fit is kept as a refusal and never stops those that do.
 */

import { and, eq, gt, sql } from "drizzle-orm";
import { DrizzleQueryError } from "drizzle-orm/errors";
import { renderPosition } from "../../../core/position.ts";
import type { ProjectionTarget } from "../../../core/projection.ts";
import type { StoredRecord } from "../../../core/record.ts";
import { arrayOfTexts } from "../../../postgres/arrays.ts";
import type { Database } from "../../../postgres/database.ts";
import { errorCode } from "../../../postgres/error-code.ts";
import { moveProjection, positionOf, skipProjection } from "../../../postgres/projection-row.ts";
import { list, type Queries, statement } from "../../../postgres/statement.ts";
import type { Relation } from "../relation.ts";
import { rowFromRecord } from "../row.ts";
import { landingTable } from "./landing-tables.ts";
import { addRefusals, type PositionedRefusal, relationName, trimRefusals } from "./refusals.ts";
import { relationCounts, relationRefusals } from "./tables.ts";

export function createRelationProjection(database: Database, relation: Relation): ProjectionTarget {
  const { db, run } = database;
  const name = relationName(relation);

  return {
    name,
    topic: relation.topic,
    position: () => run(() => positionOf(db, name)),

    async commit(records, from, to) {
      const batch = new RelationBatch(relation, records);
      await run(() =>
        db.transaction(async (tx) => {
          await moveProjection(tx, name, from, to);
          if (records.length === 0) return;
          await write(tx, relation, batch, batch.rows);
          await count(tx, relation, batch);
        }),
      );
    },

    skip: (from, to) =>
      skipProjection(database, name, from, to, async (tx) => {
        // The log assigns these positions again, and their records are refused again. Rows have no
        // position: those of records that the log has lost remain.
        await tx
          .delete(relationRefusals)
          .where(
            and(
              eq(relationRefusals.relation, relation.name),
              gt(relationRefusals.position, renderPosition(to)),
            ),
          );
      }),
  };
}

/**
 * Rows that PostgreSQL refuses nevertheless (a constraint that a user added, JSON that it cannot
 * store) are found by halving, so that such a record affects no other.
 */
async function write(
  tx: Queries,
  relation: Relation,
  batch: RelationBatch,
  rows: readonly NewRow[],
): Promise<void> {
  if (rows.length === 0) return;
  try {
    await tx.transaction((inner) => upsert(inner, relation, rows));
  } catch (error) {
    if (!isOfData(error)) throw error;
    const [first] = rows;
    if (rows.length === 1 && first !== undefined) {
      batch.refuse(first, reasonOf(error));
      return;
    }
    const half = Math.ceil(rows.length / 2);
    await write(tx, relation, batch, rows.slice(0, half));
    await write(tx, relation, batch, rows.slice(half));
  }
}

/**
 * Of rows with one key the last is written. PostgreSQL decides which keys are equal, because only it
 * knows that the numerics 7 and 7.0 are, or one instant in two time zones.
 */
async function upsert(tx: Queries, relation: Relation, rows: readonly NewRow[]): Promise<void> {
  const { columns, key } = relation;
  const names = columns.map(({ name }) => sql.identifier(name));
  const aliases = columns.map((_, index) => sql.identifier(`c${index}`));
  const casts = columns.map(({ type }, index) => sql`${aliases[index]}::${sql.raw(type)}`);
  const keyCasts = casts.filter((_, index) => key.includes(columns[index]?.name ?? ""));
  const arrays = columns.map(
    (_, index) => sql`${arrayOfTexts(rows.map(({ values }) => values[index] ?? null))}::text[]`,
  );
  const changes = columns
    .filter(({ name }) => !key.includes(name))
    .map(({ name }) => sql`${sql.identifier(name)} = excluded.${sql.identifier(name)}`);
  // By hand: the columns are those of the user's mapping.
  await statement(
    tx,
    sql`
      insert into ${landingTable(relation)} (${list(names)})
      select distinct on (${list(keyCasts)}) ${list(casts)}
      from unnest(${list(arrays)}) with ordinality as r (${list(aliases)}, place)
      order by ${list(keyCasts)}, place desc
      on conflict (${list(key.map((name) => sql.identifier(name)))})
      do ${changes.length === 0 ? sql`nothing` : sql`update set ${list(changes)}`}`,
  );
}

async function count(
  tx: Queries,
  relation: Relation,
  { refusals, refused, count: records }: RelationBatch,
): Promise<void> {
  const { taken, refused: refusedBefore, refusals: refusalsBefore } = relationCounts;
  const [row] = await tx
    .insert(relationCounts)
    .values({
      relation: relation.name,
      taken: records - refused,
      refused,
      refusals: refusals.length,
    })
    .onConflictDoUpdate({
      target: relationCounts.relation,
      set: {
        taken: sql`${taken} + excluded.taken`,
        refused: sql`${refusedBefore} + excluded.refused`,
        refusals: sql`${refusalsBefore} + excluded.refusals`,
      },
    })
    .returning({ refusals: relationCounts.refusals });
  if (refusals.length === 0) return;
  const last = row?.refusals ?? 0;
  const first = last - refusals.length + 1;
  await addRefusals(tx, relation.name, first, refusals);
  await trimRefusals(tx, relation.name, last);
}

interface NewRow {
  readonly values: readonly (string | null)[];
  readonly position: string;
}

/** The records of a commit, sorted into rows and refusals. */
class RelationBatch {
  readonly count: number;
  /** In the order of their records. */
  readonly rows: readonly NewRow[];
  readonly refusals: PositionedRefusal[] = [];
  #refused = 0;

  constructor(relation: Relation, records: readonly StoredRecord[]) {
    const rows: NewRow[] = [];
    this.count = records.length;
    for (const { record, position: at } of records) {
      const position = renderPosition(at);
      const { values, refusals } = rowFromRecord(relation, record);
      if (values === undefined) {
        this.#refused++;
        for (const refusal of refusals) this.refusals.push({ ...refusal, position });
      } else rows.push({ values, position });
    }
    this.rows = rows;
  }

  /** Records, of which each may have several refusals. */
  get refused(): number {
    return this.#refused;
  }

  /** Refuses a row that fitted, but that PostgreSQL did not accept. */
  refuse({ position }: NewRow, reason: string): void {
    this.#refused++;
    const message = `Cannot make a row of the record: PostgreSQL refuses it, ${reason}`;
    this.refusals.push({ position, field: "", given: "", message });
  }
}

/**
 * SQLSTATE classes of errors in the rows: a row touched twice (the user's table has a collation in
 * which more keys are equal), data, constraints, limits of the server.
 */
const dataClasses: ReadonlySet<string> = new Set(["21", "22", "23", "54"]);

function isOfData(error: unknown): boolean {
  return dataClasses.has(errorCode(error)?.slice(0, 2) ?? "");
}

/** The message of PostgreSQL itself; Drizzle's repeats the statement with all its values. */
function reasonOf(error: unknown): string {
  const cause = error instanceof DrizzleQueryError ? error.cause : error;
  return cause instanceof Error ? cause.message : "PostgreSQL refuses it";
}
