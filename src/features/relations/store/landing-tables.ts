/**
 * The tables that relations land in. They are created when a gateway starts, get the columns that the
 * mapping has gained since, and are never changed otherwise. Their statements are by hand, because
 * their columns are those of the user's mapping.
 */

import { type SQL, sql } from "drizzle-orm";
import { Failure } from "../../../core/failure.ts";
import type { Database } from "../../../postgres/database.ts";
import { list, type Queries, statement } from "../../../postgres/statement.ts";
import type { ColumnType, Relation } from "../relation.ts";

/**
 * Fixed, and the same in every release: nodes that start together take turns, also those of other
 * schemas, because landing tables are the whole database's.
 */
const lock = 7_589_469;

/** The types as `format_type` names them. */
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

/** Throws `conflict` with every table that has another shape; then nothing was changed. */
export async function prepareRelations(
  { db, run, schema }: Database,
  relations: readonly Relation[],
): Promise<void> {
  if (relations.length === 0) return;
  await run(() =>
    db.transaction(async (tx) => {
      await tx.execute(sql`select pg_advisory_xact_lock(${lock})`);
      const problems: string[] = [];
      for (const relation of relations) problems.push(...(await prepare(tx, relation, schema)));
      if (problems.length === 0) return;
      throw new Failure(
        "conflict",
        `Cannot use the relations as they are mapped:\n  ${problems.join("\n  ")}\nExpected the mapping that the tables were made with, new columns aside, or other names`,
      );
    }),
  );
}

/** The mapping checks names; here they are quoted nevertheless. */
export function landingTable({ name }: Pick<Relation, "name">): SQL {
  return sql`relations.${sql.identifier(name)}`;
}

async function prepare(tx: Queries, relation: Relation, schema: string): Promise<string[]> {
  const table = await existing(tx, relation);
  if (table === undefined) {
    const columns = relation.columns.map(columnOf);
    const key = relation.key.map((name) => sql.identifier(name));
    await statement(
      tx,
      sql`create table ${landingTable(relation)} (${list(columns)}, primary key (${list(key)}))`,
    );
    await noteWriter(tx, relation, schema);
    return [];
  }
  const problems = differences(relation, table);
  const writer = writerPattern.exec(table.comment ?? "")?.[1] ?? schema;
  if (writer !== schema) {
    problems.push(`${relation.name} is written by the gateway of schema "${writer}"`);
  }
  if (problems.length > 0) return problems;
  // A table that the user created under another role is written to, and not changed otherwise.
  if (table.comment === null && table.isOwn) await noteWriter(tx, relation, schema);
  for (const column of relation.columns.filter(({ name }) => !table.types.has(name))) {
    await statement(tx, sql`alter table ${landingTable(relation)} add column ${columnOf(column)}`);
  }
  return [];
}

function columnOf({ name, type }: Relation["columns"][number]): SQL {
  return sql`${sql.identifier(name)} ${sql.raw(type)}`;
}

const writerPattern = /, written by the Sluice gateway of schema "(.*)"$/;

/**
 * Two gateways in one database that land different topics in one table would replace each other's
 * rows: its comment says whose it is, to them and to people.
 */
async function noteWriter(tx: Queries, relation: Relation, schema: string): Promise<void> {
  const comment = `Rows of a topic, written by the Sluice gateway of schema "${schema}"`;
  await statement(
    tx,
    sql`comment on table ${landingTable(relation)} is ${sql.raw(`'${comment}'`)}`,
  );
}

interface Table {
  readonly comment: string | null;
  /** Whether this user of the database may change it. */
  readonly isOwn: boolean;
  readonly isTable: boolean;
  readonly types: ReadonlyMap<string, string>;
  /** In the key's order. */
  readonly key: readonly string[];
}

async function existing(tx: Queries, { name }: Relation): Promise<Table | undefined> {
  const oid = sql`to_regclass(format('relations.%I', ${name}::text))`;
  const [found] = await statement<{ kind: string; comment: string | null; own: boolean }>(
    tx,
    sql`
      select relkind::text as kind, obj_description(oid, 'pg_class') as comment,
        pg_has_role(relowner, 'usage') as own
      from pg_class where oid = ${oid}`,
  );
  if (found === undefined) return undefined;
  const columns = await statement<{ name: string; type: string; place: number | null }>(
    tx,
    sql`
      select a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
        array_position(i.indkey::int2[], a.attnum) as place
      from pg_attribute a
      left join pg_index i on i.indrelid = a.attrelid and i.indisprimary
      where a.attrelid = ${oid} and a.attnum > 0 and not a.attisdropped
      order by place, a.attnum`,
  );
  return {
    comment: found.comment,
    isOwn: found.own,
    isTable: found.kind === "r" || found.kind === "p",
    types: new Map(columns.map((column) => [column.name, column.type])),
    key: columns.filter(({ place }) => place !== null).map((column) => column.name),
  };
}

function differences(relation: Relation, table: Table): string[] {
  const { name, columns, key } = relation;
  if (!table.isTable) return [`${name} is not a table`];
  const problems: string[] = [];
  for (const column of columns) {
    const is = table.types.get(column.name);
    const mapped = typeNames[column.type];
    if (is !== undefined && is !== mapped) {
      problems.push(`${name}.${column.name} is ${is}, the mapping has ${mapped}`);
    }
  }
  if (table.key.join() !== key.join()) {
    problems.push(
      `the key of ${name} is (${table.key.join(", ")}), the mapping has (${key.join(", ")})`,
    );
  }
  return problems;
}
