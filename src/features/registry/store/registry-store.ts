/** The registry's schemas, subjects and settings as rows: what is read. */
import {
  and,
  asc,
  desc,
  eq,
  getTableColumns,
  gt,
  inArray,
  isNull,
  max,
  sql,
  type SQL,
} from "drizzle-orm";
import type { Clock } from "../../../core/clock.ts";
import type { Logger } from "../../../core/logger.ts";
import {
  allSubjects,
  defaultCompatibility,
  defaultMode,
  type Listing,
  type RegisteredSchema,
  type RegistryStore,
  type SchemaReference,
} from "../registry-port.ts";
import type { Database } from "../../../postgres/database.ts";
import { listenForChanges } from "./notify.ts";
import { createRegistryWrites } from "./write.ts";
import {
  registryChanges,
  registrySettings,
  schemaMessages,
  schemaReferences,
  schemas,
  subjectVersions,
} from "./tables.ts";

/** All of a version but its descriptors, which may be large and are read by id alone. */
const versionColumns = {
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

export function createRegistryStore(
  database: Database,
  clock: Clock,
  logger: Logger,
): RegistryStore {
  const { db, run } = database;
  return {
    ...createRegistryWrites(database),

    async schema(id) {
      const { content: _, ...columns } = getTableColumns(schemas);
      const rows = await run(() => db.select(columns).from(schemas).where(eq(schemas.id, id)));
      return rows[0];
    },

    async idOfGuid(guid) {
      const [row] = await run(() =>
        db.select({ id: schemas.id }).from(schemas).where(eq(schemas.guid, guid)),
      );
      return row?.id;
    },

    async idOfMessage(fullName) {
      const [row] = await run(() =>
        db
          .select({ id: schemaMessages.schema })
          .from(schemaMessages)
          .innerJoin(subjectVersions, eq(subjectVersions.schema, schemaMessages.schema))
          .where(and(eq(schemaMessages.name, fullName), isNull(subjectVersions.deletedAt)))
          .orderBy(desc(schemaMessages.schema))
          .limit(1),
      );
      return row?.id;
    },

    versionsOfId: (id) =>
      registered(eq(subjectVersions.schema, id), eq(subjectVersions.schema, id)),

    async subject(name) {
      // One snapshot: a decision on versions of one moment and settings of another could be wrong.
      return await run(() =>
        db.transaction(
          async (tx) => {
            const versions = await tx
              .select({ ...versionColumns, content: schemas.content })
              .from(subjectVersions)
              .innerJoin(schemas, eq(schemas.id, subjectVersions.schema))
              .where(eq(subjectVersions.subject, name))
              .orderBy(asc(subjectVersions.version));
            const settings = await tx
              .select()
              .from(registrySettings)
              .where(inArray(registrySettings.subject, [name, allSubjects]));
            const own = settings.find((row) => row.subject === name);
            const all = settings.find((row) => row.subject === allSubjects);
            const [newest] = await tx
              .select({ revision: max(registryChanges.revision) })
              .from(registryChanges)
              .where(inArray(registryChanges.subject, [name, allSubjects]));
            return {
              revision: newest?.revision ?? 0,
              versions,
              compatibility: own?.compatibility ?? all?.compatibility ?? defaultCompatibility,
              mode: own?.mode ?? all?.mode ?? defaultMode,
            };
          },
          { isolationLevel: "repeatable read", accessMode: "read only" },
        ),
      );
    },

    async version(subject, version) {
      const found = await registered(
        and(eq(subjectVersions.subject, subject), eq(subjectVersions.version, version)),
        and(eq(schemaReferences.subject, subject), eq(schemaReferences.version, version)),
      );
      return found[0];
    },

    async referencedBy(subject, version) {
      const rows = await run(() =>
        db
          .selectDistinct({ id: subjectVersions.schema })
          .from(schemaReferences)
          .innerJoin(
            subjectVersions,
            and(
              eq(subjectVersions.subject, schemaReferences.subject),
              eq(subjectVersions.version, schemaReferences.version),
            ),
          )
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

    async subjects(wanted) {
      const rows = await run(() =>
        db
          .selectDistinct({ subject: subjectVersions.subject })
          .from(subjectVersions)
          .where(listed(wanted))
          .orderBy(asc(subjectVersions.subject))
          .offset(wanted.offset)
          .limit(wanted.limit),
      );
      return rows.map((row) => row.subject);
    },

    async versions(wanted) {
      const from = wanted.latestOnly
        ? db.selectDistinctOn([subjectVersions.subject], versionColumns)
        : db.select(versionColumns);
      const rows = await run(() =>
        from
          .from(subjectVersions)
          .innerJoin(schemas, eq(schemas.id, subjectVersions.schema))
          .where(listed(wanted))
          .orderBy(
            asc(subjectVersions.subject),
            wanted.latestOnly ? desc(subjectVersions.version) : asc(subjectVersions.version),
          )
          .offset(wanted.offset)
          .limit(wanted.limit),
      );
      const names = [...new Set(rows.map((row) => row.subject))];
      return await withReferences(rows, inArray(schemaReferences.subject, names));
    },

    async settings(subject) {
      const [row] = await run(() =>
        db.select().from(registrySettings).where(eq(registrySettings.subject, subject)),
      );
      return { compatibility: row?.compatibility ?? undefined, mode: row?.mode ?? undefined };
    },

    async revision() {
      const [row] = await run(() =>
        db.select({ revision: max(registryChanges.revision) }).from(registryChanges),
      );
      return row?.revision ?? 0;
    },

    async changesAfter(revision, limit) {
      const { schema: id, changedAt: _, ...columns } = getTableColumns(registryChanges);
      return await run(() =>
        db
          .select({ ...columns, id })
          .from(registryChanges)
          .where(gt(registryChanges.revision, revision))
          .orderBy(asc(registryChanges.revision))
          .limit(limit),
      );
    },

    listen: (callback) => listenForChanges(database, clock, logger, callback),
  };

  /** `references` picks at least the references of the versions that `versions` picks. */
  async function registered(
    versions: SQL | undefined,
    references: SQL | undefined,
  ): Promise<readonly RegisteredSchema[]> {
    const rows = await run(() =>
      db
        .select(versionColumns)
        .from(subjectVersions)
        .innerJoin(schemas, eq(schemas.id, subjectVersions.schema))
        .where(versions)
        .orderBy(asc(subjectVersions.subject), asc(subjectVersions.version)),
    );
    return await withReferences(rows, references);
  }

  async function withReferences(
    rows: readonly VersionRow[],
    picked: SQL | undefined,
  ): Promise<readonly RegisteredSchema[]> {
    if (rows.length === 0) return [];
    const found = await run(() =>
      db
        .select(getTableColumns(schemaReferences))
        .from(schemaReferences)
        .innerJoin(
          subjectVersions,
          and(
            eq(subjectVersions.subject, schemaReferences.subject),
            eq(subjectVersions.version, schemaReferences.version),
          ),
        )
        .where(picked)
        .orderBy(asc(schemaReferences.idx)),
    );
    const of = Map.groupBy(found, (one) => `${one.version} ${one.subject}`);
    return rows.map((row) => ({
      ...row,
      text: row.text ?? undefined,
      references: (of.get(`${row.version} ${row.subject}`) ?? []).map((one): SchemaReference => ({
        name: one.name,
        subject: one.toSubject,
        version: one.toVersion,
      })),
    }));
  }
}

type VersionRow = Omit<RegisteredSchema, "text" | "references"> & { readonly text: string | null };

function listed({ prefix, deleted }: Listing): SQL | undefined {
  return and(
    prefix === "" ? undefined : sql`starts_with(${subjectVersions.subject}, ${prefix})`,
    deleted ? undefined : isNull(subjectVersions.deletedAt),
  );
}
