/**
 * A topic as rows of its relation: upserted by key, with the position in the same transaction. What
 * does not fit is kept as a refusal, and never stops what does.
 */
import type { TransactionSql } from "postgres";
import { renderPosition } from "../../../core/position.ts";
import type { ProjectionTarget } from "../../../core/projection.ts";
import type { StoredRecord } from "../../../core/record.ts";
import type { Refusal, Relation } from "../relation.ts";
import { rowFromRecord } from "../row.ts";
import type { Database } from "../../../postgres/database.ts";
import { errorCode } from "../../../postgres/error.ts";
import {
  isBack,
  moveProjection,
  movedByAnother,
  positionOf,
  skipProjection,
} from "../../../postgres/projection-row.ts";
import { relationName, trimRefusals } from "./refusals.ts";
import { quoted, tableName } from "./landing-tables.ts";
import { arrayOfNumbers, arrayOfTexts } from "../../../postgres/arrays.ts";

export function createRelationProjection(
  { sql, run }: Database,
  relation: Relation,
): ProjectionTarget {
  const name = relationName(relation);
  const upsert = upsertStatement(relation);

  return {
    name,
    topic: relation.topic,

    position: () => run(() => positionOf(sql, name)),

    async commit(records, from, to) {
      const batch = new RelationBatch(relation, records);
      await run(() =>
        sql.begin(async (tx) => {
          if (!(await moveProjection(tx, name, from, to))) throw movedByAnother(name);
          if (records.length === 0) return;
          await write(tx, batch, batch.rows);
          await count(tx, batch);
        }),
      );
    },

    async skip(from, to) {
      await run(() =>
        sql.begin(async (tx) => {
          if (!(await skipProjection(tx, name, from, to))) throw movedByAnother(name);
          if (from === undefined || !isBack(from, to)) return;
          // The log gives these positions again, and with them their refusals. Rows have no
          // position of their own: those of records that the log has lost stay.
          await tx`delete from relation_refusals
            where relation = ${relation.name} and position > ${renderPosition(to)}`;
        }),
      );
    },
  };

  /**
   * What PostgreSQL refuses all the same (a constraint that somebody added, JSON that it cannot
   * hold) is found by halving, so that one record costs itself alone.
   */
  async function write(
    tx: TransactionSql,
    batch: RelationBatch,
    rows: readonly NewRow[],
  ): Promise<void> {
    if (rows.length === 0) return;
    try {
      await tx.savepoint((inner) => inner.unsafe(upsert, parametersFrom(relation, rows)));
    } catch (error) {
      if (!isOfData(error)) throw error;
      const [first] = rows;
      if (rows.length === 1 && first !== undefined) {
        batch.refuse(first, error instanceof Error ? error.message : "PostgreSQL refuses it");
        return;
      }
      const half = Math.ceil(rows.length / 2);
      await write(tx, batch, rows.slice(0, half));
      await write(tx, batch, rows.slice(half));
    }
  }

  async function count(tx: TransactionSql, { refusals, refused, count }: RelationBatch) {
    const [row] = await tx<{ refusals: string }[]>`
      insert into relation_counts as c (relation, taken, refused, refusals)
      values (${relation.name}, ${count - refused}, ${refused}, ${refusals.length})
      on conflict (relation) do update set taken = c.taken + excluded.taken,
        refused = c.refused + excluded.refused, refusals = c.refusals + excluded.refusals
      returning refusals`;
    if (refusals.length === 0) return;
    const last = Number(row?.refusals ?? 0);
    const first = last - refusals.length + 1;
    await tx`
      insert into relation_refusals (relation, number, position, field, given, message)
      select ${relation.name}, * from unnest(
        ${arrayOfNumbers(refusals.map((_, index) => first + index))}::bigint[],
        ${arrayOfTexts(refusals.map(({ position }) => position))}::text[],
        ${arrayOfTexts(refusals.map(({ field }) => field))}::text[],
        ${arrayOfTexts(refusals.map(({ given }) => given))}::text[],
        ${arrayOfTexts(refusals.map(({ message }) => message))}::text[])`;
    await trimRefusals(tx, relation.name, last);
  }
}

interface NewRow {
  readonly values: readonly (string | null)[];
  readonly position: string;
}

/** The records of a commit, sorted into rows and refusals. */
class RelationBatch {
  readonly count: number;
  /** The last of each key: a statement may touch a row but once. */
  readonly rows: readonly NewRow[];
  readonly refusals: (Refusal & { readonly position: string })[] = [];
  #refused = 0;

  constructor(relation: Relation, records: readonly StoredRecord[]) {
    const byKey = new Map<string, NewRow>();
    const places = relation.key.map((name) =>
      relation.columns.findIndex((column) => column.name === name),
    );
    this.count = records.length;
    for (const { record, position: at } of records) {
      const position = renderPosition(at);
      const { values, refusals } = rowFromRecord(relation, record);
      if (values === undefined) {
        this.#refused++;
        for (const refusal of refusals) this.refusals.push({ ...refusal, position });
      } else byKey.set(JSON.stringify(places.map((place) => values[place])), { values, position });
    }
    this.rows = [...byKey.values()];
  }

  /** Records, of which each may have several refusals. */
  get refused(): number {
    return this.#refused;
  }

  /** What PostgreSQL said of a row that was thought to fit. */
  refuse({ position }: NewRow, reason: string): void {
    this.#refused++;
    const message = `Cannot make a row of the record: PostgreSQL refuses it, ${reason}`;
    this.refusals.push({ position, field: "", given: "", message });
  }
}

function upsertStatement(relation: Relation): string {
  const { columns, key } = relation;
  const names = columns.map(({ name }) => quoted(name)).join(", ");
  const casts = columns.map(({ type }, index) => `c${index}::${type}`).join(", ");
  const arrays = columns.map((_, index) => `$${index + 1}::text[]`).join(", ");
  const aliases = columns.map((_, index) => `c${index}`).join(", ");
  const others = columns.filter(({ name }) => !key.includes(name)).map(({ name }) => quoted(name));
  const changes = others.map((name) => `${name} = excluded.${name}`).join(", ");
  return `insert into ${tableName(relation)} (${names})
    select ${casts} from unnest(${arrays}) as r (${aliases})
    on conflict (${key.map(quoted).join(", ")})
    do ${changes === "" ? "nothing" : `update set ${changes}`}`;
}

function parametersFrom({ columns }: Relation, rows: readonly NewRow[]): string[] {
  return columns.map((_, index) => arrayOfTexts(rows.map(({ values }) => values[index] ?? null)));
}

/**
 * SQLSTATE classes that are about what was to be written: a row touched twice (keys that are equal
 * in different words), data, constraints, limits of the server.
 */
const dataClasses: ReadonlySet<string> = new Set(["21", "22", "23", "54"]);

function isOfData(error: unknown): boolean {
  return dataClasses.has(errorCode(error)?.slice(0, 2) ?? "");
}
