/**
 * The mapping, as a user writes it: for each topic the relation, its key, and for each column the
 * type and the path of its value. `docs/files.md` describes it.
 */

import { z } from "zod";
import { columnTypes, type Relation, type RelationColumn } from "./relation.ts";

/** PostgreSQL allows 1,600, but a table of that many is a mistake. */
const columnsMax = 200;
const relationsMax = 100;

const reservedColumns = new Set(["ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"]);

/** Lower case only, so that the name is the same in SQL with and without quotes. */
const identifier = z
  .string()
  .regex(/^[a-z_][a-z0-9_]{0,62}$/, "expected 1 to 63 of a-z 0-9 _, not beginning with a digit");
const columnName = identifier.refine((name) => !reservedColumns.has(name), {
  message: "PostgreSQL has a column of this name in every table, expected another one",
});
const topicName = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,200}$/, "expected a topic's name: 1 to 200 of A-Z a-z 0-9 . _ -");
const columnType = z.enum(columnTypes, { error: `expected one of ${columnTypes.join(", ")}` });
const fieldOrPointer = z
  .string()
  .min(1, "expected a field's name, or a JSON Pointer that begins with /")
  .refine((from) => !from.startsWith("/") || !/~(?![01])/.test(from), {
    message: "expected a JSON Pointer, in which ~ is written ~0 and / is written ~1",
  });

const relationShape = z.strictObject({
  relation: identifier,
  key: z.array(z.string()).min(1, "expected at least one column that identifies a row"),
  columns: z.record(
    columnName,
    z.preprocess(
      (given) => (typeof given === "string" ? { type: given } : given),
      z.strictObject({ type: columnType, from: fieldOrPointer.optional() }),
    ),
  ),
});
const mappingShape = z.record(topicName, relationShape);

export type ParsedMapping =
  | { readonly relations: readonly Relation[]; readonly problems?: undefined }
  | { readonly relations?: undefined; readonly problems: readonly string[] };

/** Reports every problem, each with its place. */
export function parseMapping(given: unknown): ParsedMapping {
  const parsed = mappingShape.safeParse(given);
  if (!parsed.success) {
    return { problems: parsed.error.issues.flatMap((issue) => issueTexts(issue)) };
  }
  const relations = Object.entries(parsed.data).map(([topic, { relation, key, columns }]) => ({
    topic,
    name: relation,
    key,
    columns: Object.entries(columns).map(([name, { type, from = name }]): RelationColumn => ({
      name,
      type,
      path: pathFrom(from),
    })),
  }));
  const problems = problemsOf(relations);
  return problems.length > 0 ? { problems } : { relations };
}

function problemsOf(relations: readonly Relation[]): string[] {
  const problems: string[] = [];
  const topics = new Map<string, string>();
  if (relations.length > relationsMax) {
    problems.push(`${relations.length} topics are mapped, expected at most ${relationsMax}`);
  }
  for (const { topic, name, key, columns } of relations) {
    const other = topics.get(name);
    if (other !== undefined) {
      problems.push(`${topic}.relation: "${name}" is the relation of ${other} already`);
    }
    topics.set(name, topic);
    if (columns.length === 0) problems.push(`${topic}.columns: expected at least one`);
    if (columns.length > columnsMax) {
      problems.push(`${topic}.columns: they are ${columns.length}, expected at most ${columnsMax}`);
    }
    for (const [index, part] of key.entries()) {
      const column = columns.find((each) => each.name === part);
      const at = `${topic}.key.${index}: ${JSON.stringify(part)}`;
      if (column === undefined) problems.push(`${at} is not a column of the relation`);
      else if (column.type === "jsonb") problems.push(`${at} is jsonb, which cannot be a key`);
      if (key.indexOf(part) !== index) problems.push(`${at} is repeated`);
    }
  }
  return problems;
}

function pathFrom(from: string): string[] {
  if (!from.startsWith("/")) return [from];
  return from
    .slice(1)
    .split("/")
    .map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function issueTexts(issue: z.core.$ZodIssue): string[] {
  const at = issue.path.length === 0 ? "the mapping" : issue.path.join(".");
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => `${at}: there is no "${key}", expected relation, key, columns`);
  }
  // An invalid name, whose own issues have the reason.
  if (issue.code === "invalid_key") return issue.issues.map(({ message }) => `${at}: ${message}`);
  if (issue.code === "invalid_type" && issue.path.length === 0) {
    return [`${at}: expected an object of topics`];
  }
  return [`${at}: ${issue.message}`];
}
