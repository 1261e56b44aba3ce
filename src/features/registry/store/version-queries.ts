/** Versions of subjects, with their references. */

import { and, asc, desc, eq, getTableColumns, isNull, type SQL, sql } from "drizzle-orm";
import type { Database } from "../../../postgres/database.ts";
import { isNamed } from "../../../postgres/granted.ts";
import { isAnyOf } from "../../../postgres/statement.ts";
import type {
  Listing,
  RegisteredSchema,
  RegistryStore,
  SchemaReference,
} from "../registry-port.ts";
import { schemaReferences, schemas, subjectVersions } from "./tables.ts";

type VersionQueries = Pick<
  RegistryStore,
  "versionsOfId" | "version" | "referencedBy" | "subjects" | "versions"
>;

/** All of a version but its descriptors, which may be large and are read by id alone. */
export const versionColumns = {
  subject: subjectVersions.subject,
  version: subjectVersions.version,
  id: subjectVersions.schema,
  deleted: sql<boolean>`${subjectVersions.deletedAt} is not null`,
  text: subjectVersions.text,
  guid: schemas.guid,
  hash: schemas.hash,
  file: schemas.file,
  messages: schemas.messages,
};

const isReferrer = and(
  eq(subjectVersions.subject, schemaReferences.subject),
  eq(subjectVersions.version, schemaReferences.version),
);

export function createVersionQueries(database: Database): VersionQueries {
  const { db, run } = database;
  return {
    versionsOfId(id) {
      const isOfId = eq(subjectVersions.schema, id);
      return registered(database, isOfId, isOfId);
    },

    async version(subject, version) {
      const [found] = await registered(
        database,
        and(eq(subjectVersions.subject, subject), eq(subjectVersions.version, version)),
        and(eq(schemaReferences.subject, subject), eq(schemaReferences.version, version)),
      );
      return found;
    },

    async referencedBy(subject, version) {
      const rows = await run(() =>
        db
          .selectDistinct({ id: subjectVersions.schema })
          .from(schemaReferences)
          .innerJoin(subjectVersions, isReferrer)
          .where(
            and(
              eq(schemaReferences.toSubject, subject),
              eq(schemaReferences.toVersion, version),
              isNull(subjectVersions.deletedAt),
            ),
          )
          .orderBy(asc(subjectVersions.schema)),
      );
      return rows.map((row) => row.id);
    },

    async subjects(listing) {
      const rows = await run(() =>
        db
          .selectDistinct({ subject: subjectVersions.subject })
          .from(subjectVersions)
          .where(isListed(listing))
          .orderBy(asc(subjectVersions.subject))
          .offset(listing.offset)
          .limit(listing.limit),
      );
      return rows.map((row) => row.subject);
    },

    async versions(listing) {
      const from = listing.latestOnly
        ? db.selectDistinctOn([subjectVersions.subject], versionColumns)
        : db.select(versionColumns);
      const { subject, version } = subjectVersions;
      const rows = await run(() =>
        from
          .from(subjectVersions)
          .innerJoin(schemas, eq(schemas.id, subjectVersions.schema))
          .where(isListed(listing))
          .orderBy(asc(subject), listing.latestOnly ? desc(version) : asc(version))
          .offset(listing.offset)
          .limit(listing.limit),
      );
      const names = [...new Set(rows.map((row) => row.subject))];
      return await withReferences(database, rows, isAnyOf(schemaReferences.subject, names));
    },
  };
}

/** `references` selects at least the references of the versions that `versions` selects. */
async function registered(
  database: Database,
  versions: SQL | undefined,
  references: SQL | undefined,
): Promise<readonly RegisteredSchema[]> {
  const { db, run } = database;
  const rows = await run(() =>
    db
      .select(versionColumns)
      .from(subjectVersions)
      .innerJoin(schemas, eq(schemas.id, subjectVersions.schema))
      .where(versions)
      .orderBy(asc(subjectVersions.subject), asc(subjectVersions.version)),
  );
  return await withReferences(database, rows, references);
}

type VersionRow = Omit<RegisteredSchema, "text" | "references"> & { readonly text: string | null };

async function withReferences(
  { db, run }: Database,
  rows: readonly VersionRow[],
  references: SQL | undefined,
): Promise<readonly RegisteredSchema[]> {
  if (rows.length === 0) return [];
  const found = await run(() =>
    db
      .select(getTableColumns(schemaReferences))
      .from(schemaReferences)
      .innerJoin(subjectVersions, isReferrer)
      .where(references)
      .orderBy(asc(schemaReferences.idx)),
  );
  const byVersion = Map.groupBy(found, (one) => `${one.version} ${one.subject}`);
  return rows.map((row) => ({
    ...row,
    text: row.text ?? undefined,
    references: (byVersion.get(`${row.version} ${row.subject}`) ?? []).map(referenceFromRow),
  }));
}

function referenceFromRow(row: typeof schemaReferences.$inferSelect): SchemaReference {
  return { name: row.name, subject: row.toSubject, version: row.toVersion };
}

function isListed({ prefix, deleted, names }: Listing): SQL | undefined {
  return and(
    prefix === "" ? undefined : sql`starts_with(${subjectVersions.subject}, ${prefix})`,
    deleted ? undefined : isNull(subjectVersions.deletedAt),
    names && isNamed(subjectVersions.subject, names),
  );
}
