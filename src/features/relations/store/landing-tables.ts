/**
 * The tables of relations, as a mapping wants them: made when a gateway starts, widened by columns
 * that came to the mapping later, and never changed otherwise.
 */
import type { TransactionSql } from "postgres";
import { Failure } from "../../../core/failure.ts";
import type { ColumnType, Relation } from "../relation.ts";
import type { Database } from "../../../postgres/database.ts";

export const relationsSchema = "relations";

/** Any number, the same in every release: nodes that start together take turns. */
const lock = 7_589_469;

/** As `format_type` names what a column has. */
const typeNames: Readonly<Record<ColumnType, string>> = {
  text: "text",
  integer: "integer",
  bigint: "bigint",
  numeric: "numeric",
  "double precision": "double precision",
  boolean: "boolean",
  timestamptz: "timestamp with time zone",
  jsonb: "jsonb",
};

/** Throws `conflict` with every table that stands in another shape; then nothing was changed. */
export async function prepareRelations(
  { sql, run }: Database,
  relations: readonly Relation[],
): Promise<void> {
  if (relations.length === 0) return;
  await run(() =>
    sql.begin(async (tx) => {
      await tx`select pg_advisory_xact_lock(${lock})`;
      const problems: string[] = [];
      for (const relation of relations) problems.push(...(await prepare(tx, relation)));
      if (problems.length === 0) return;
      throw new Failure(
        "conflict",
        `Cannot use the relations as they are mapped:\n  ${problems.join("\n  ")}\nWanted the mapping that the tables were made with, new columns aside, or other names`,
      );
    }),
  );
}

/** As SQL: names are checked where the mapping is read, and quoted here all the same. */
export function tableName({ name }: Pick<Relation, "name">): string {
  return `${relationsSchema}.${quoted(name)}`;
}

export function quoted(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}

async function prepare(tx: TransactionSql, relation: Relation): Promise<string[]> {
  const table = await standing(tx, relation);
  if (table === undefined) {
    const columns = relation.columns.map(({ name, type }) => `${quoted(name)} ${type}`);
    const key = relation.key.map(quoted).join(", ");
    await tx.unsafe(
      `create table ${tableName(relation)} (${columns.join(", ")}, primary key (${key}))`,
    );
    return [];
  }
  const problems = differences(relation, table);
  if (problems.length > 0) return problems;
  for (const { name, type } of relation.columns.filter(({ name }) => !table.types.has(name))) {
    await tx.unsafe(`alter table ${tableName(relation)} add column ${quoted(name)} ${type}`);
  }
  return [];
}

interface Table {
  readonly isTable: boolean;
  readonly types: ReadonlyMap<string, string>;
  /** In the key's order. */
  readonly key: readonly string[];
}

async function standing(tx: TransactionSql, relation: Relation): Promise<Table | undefined> {
  const name = tableName(relation);
  const [found] = await tx<{ kind: string }[]>`
    select relkind::text as kind from pg_class where oid = to_regclass(${name})`;
  if (found === undefined) return undefined;
  const columns = await tx<{ name: string; type: string; place: number | null }[]>`
    select a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
      array_position(i.indkey::int2[], a.attnum) as place
    from pg_attribute a
    left join pg_index i on i.indrelid = a.attrelid and i.indisprimary
    where a.attrelid = to_regclass(${name}) and a.attnum > 0 and not a.attisdropped
    order by place, a.attnum`;
  return {
    isTable: found.kind === "r" || found.kind === "p",
    types: new Map(columns.map(({ name, type }) => [name, type])),
    key: columns.filter(({ place }) => place !== null).map(({ name }) => name),
  };
}

function differences(relation: Relation, table: Table): string[] {
  const { name, columns, key } = relation;
  if (!table.isTable) return [`${name} is no table`];
  const problems: string[] = [];
  for (const column of columns) {
    const is = table.types.get(column.name);
    const wanted = typeNames[column.type];
    if (is !== undefined && is !== wanted) {
      problems.push(`${name}.${column.name} is ${is}, the mapping has ${wanted}`);
    }
  }
  if (table.key.join() !== key.join()) {
    problems.push(
      `the key of ${name} is (${table.key.join(", ")}), the mapping has (${key.join(", ")})`,
    );
  }
  return problems;
}
