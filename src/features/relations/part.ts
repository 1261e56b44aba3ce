/** Relations: tables that topics land in, as a mapping file describes them. */

import type { Part, Platform } from "../part.ts";
import { mountRelations, relationEndpoints } from "./http/routes.ts";
import { prepareRelations } from "./store/landing-tables.ts";
import { createRelationProjection } from "./store/projection.ts";
import { createRelations } from "./store/refusals.ts";
import { readRelations } from "./store/relations-file.ts";

export interface RelationsOptions {
  /** The mapping file; undefined: no topic lands in a table. */
  readonly file: string | undefined;
}

/** Creates the tables. Throws what is wrong with the file, and `conflict` for tables that differ. */
export async function openRelations(
  { database, rules }: Platform,
  { file }: RelationsOptions,
): Promise<Part> {
  const all = file === undefined ? [] : await readRelations(file);
  await prepareRelations(database, all);
  const relations = createRelations(database, all);
  return {
    name: "relations",
    http: (app) => mountRelations(app, { relations, rules }),
    endpoints: relationEndpoints,
    topicUses: async () =>
      all.map(({ topic, name }) => ({ topic, kind: "relation", name, does: "reads" })),
    projections: all.map((relation) => ({ target: createRelationProjection(database, relation) })),
  };
}
