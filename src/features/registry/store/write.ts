/**
 * Writes to the registry. They are rare and run one at a time on all nodes, under one lock: so a
 * decision about a subject is committed only while the subject's state is the one it was made on, and
 * revisions are in the order of commits, without gaps.
 */

import { and, eq, inArray, isNull, ne, notExists, or, sql } from "drizzle-orm";
import { Failure, quoted } from "../../../core/failure.ts";
import type { Database } from "../../../postgres/database.ts";
import { lockUntilCommit, type Queries } from "../../../postgres/statement.ts";
import type { RegistryOptions } from "../options.ts";
import type {
  NewVersion,
  RegistryCounts,
  RegistryStore,
  SchemaReference,
} from "../registry-port.ts";
import { recordChanges } from "./changes.ts";
import { countsOf } from "./counts.ts";
import { subjectRevision } from "./subject-state.ts";
import {
  registrySettings,
  schemaMessages,
  schemaReferences,
  schemas,
  subjects,
  subjectVersions,
} from "./tables.ts";

type Writes = Pick<RegistryStore, "addVersion" | "deleteVersions" | "setSettings">;

/** Rows in one insert: PostgreSQL takes 65,535 values. */
const rowsMax = 10_000;

export type CountLimits = Pick<RegistryOptions, "subjectsMax" | "versionsMax">;

export function createRegistryWrites({ db, run }: Database, limits: CountLimits): Writes {
  /** Runs the write while no other one runs. */
  function alone<T>(work: (tx: Queries) => Promise<T>): Promise<T> {
    return run(() =>
      db.transaction(async (tx) => {
        await lockUntilCommit(tx, "registry");
        return await work(tx);
      }),
    );
  }

  return {
    addVersion: (added) =>
      alone(async (tx) => {
        const { subject, references, schema, text } = added;
        if ((await subjectRevision(tx, subject)) !== added.revision) return "changed";
        if (!(await exist(tx, references))) return "changed";
        requireRoom(subject, await countsOf(tx, subject), limits);

        const id = (await knownId(tx, added.content)) ?? (await addSchema(tx, added));
        const [counted] = await tx
          .insert(subjects)
          .values({ name: subject, versions: 1 })
          .onConflictDoUpdate({
            target: subjects.name,
            set: { versions: sql`${subjects.versions} + 1` },
          })
          .returning();
        const version = counted?.versions ?? 1;
        await tx.insert(subjectVersions).values({ subject, version, schema: id, text });
        if (references.length > 0) {
          await tx.insert(schemaReferences).values(
            references.map((reference, idx) => ({
              ...{ subject, version, idx, name: reference.name },
              ...{ toSubject: reference.subject, toVersion: reference.version },
            })),
          );
        }
        await recordChanges(tx, [{ kind: "registered", subject, version, id }]);
        const { guid, hash, file, messages } = schema;
        return { subject, version, id, guid, hash, file, messages, deleted: false };
      }),

    deleteVersions: ({ subject, revision, versions, permanent }) =>
      alone(async (tx) => {
        if ((await subjectRevision(tx, subject)) !== revision) return "changed";
        if (await areReferenced(tx, subject, versions, permanent)) return "referenced";
        const these = and(
          eq(subjectVersions.subject, subject),
          inArray(subjectVersions.version, [...versions]),
        );
        const gone = permanent
          ? await tx.delete(subjectVersions).where(these).returning()
          : await tx
              .update(subjectVersions)
              .set({ deletedAt: sql`now()` })
              .where(these)
              .returning();
        if (permanent) await dropUnused(tx, [...new Set(gone.map((row) => row.schema))]);
        const kind = permanent ? "version_purged" : "version_deleted";
        const ordered = gone.toSorted((a, b) => a.version - b.version);
        await recordChanges(
          tx,
          ordered.map(({ version, schema: id }) => ({ kind, subject, version, id })),
        );
        return "deleted";
      }),

    async setSettings(subject, { compatibility, mode }) {
      const given = {
        ...(compatibility === undefined ? {} : { compatibility }),
        ...(mode === undefined ? {} : { mode }),
      };
      await alone(async (tx) => {
        await requireSettingRoom(tx, subject, limits);
        await tx
          .insert(registrySettings)
          .values({ subject, ...given })
          .onConflictDoUpdate({ target: registrySettings.subject, set: { subject, ...given } });
        const about = { subject, version: 0, id: 0 };
        await recordChanges(tx, [
          ...(compatibility === undefined ? [] : [{ kind: "config_changed" as const, ...about }]),
          ...(mode === undefined ? [] : [{ kind: "mode_changed" as const, ...about }]),
        ]);
      });
    },
  };
}

/** Counted under the lock of all writes, so that nodes together do not exceed the bounds. */
function requireRoom(
  subject: string,
  counts: RegistryCounts & { readonly hasSubject: boolean },
  { subjectsMax, versionsMax }: CountLimits,
): void {
  const action = `Cannot register under ${quoted(subject)}`;
  if (!counts.hasSubject && counts.subjects >= subjectsMax) {
    throw new Failure(
      "overloaded",
      `${action}: the registry has ${counts.subjects} subjects, expected at most ${subjectsMax} (SLUICE_SUBJECTS_MAX)`,
    );
  }
  if (counts.versions >= versionsMax) {
    throw new Failure(
      "overloaded",
      `${action}: the registry has ${counts.versions} versions, expected at most ${versionsMax} (SLUICE_SCHEMAS_MAX)`,
    );
  }
}

/** A subject may have settings before it has versions, so they are bounded as subjects are. */
async function requireSettingRoom(
  tx: Queries,
  subject: string,
  { subjectsMax }: CountLimits,
): Promise<void> {
  const others = await tx.$count(registrySettings, ne(registrySettings.subject, subject));
  if (others < subjectsMax) return;
  throw new Failure(
    "overloaded",
    `Cannot change the settings of subject ${quoted(subject)}: ${others} other subjects have some, expected fewer than ${subjectsMax} (SLUICE_SUBJECTS_MAX)`,
  );
}

/** Whether the versions that are referenced exist. */
async function exist(tx: Queries, references: readonly SchemaReference[]): Promise<boolean> {
  for (const { subject, version } of references) {
    const rows = await tx
      .select({ version: subjectVersions.version })
      .from(subjectVersions)
      .where(
        and(
          eq(subjectVersions.subject, subject),
          eq(subjectVersions.version, version),
          isNull(subjectVersions.deletedAt),
        ),
      );
    if (rows.length === 0) return false;
  }
  return true;
}

async function knownId(tx: Queries, content: string): Promise<number | undefined> {
  const [row] = await tx
    .select({ id: schemas.id })
    .from(schemas)
    .where(eq(schemas.content, content));
  return row?.id;
}

async function addSchema(tx: Queries, { content, schema }: NewVersion): Promise<number> {
  const { guid, hash, file, set, messages } = schema;
  const [row] = await tx
    .insert(schemas)
    .values({ content, guid, hash, file, set, messages: [...messages] })
    .returning({ id: schemas.id });
  if (row === undefined) throw new Error("PostgreSQL did not return the id of a new schema");
  const names = [...new Set(messages)].map((name) => ({ name, schema: row.id }));
  for (let from = 0; from < names.length; from += rowsMax) {
    await tx.insert(schemaMessages).values(names.slice(from, from + rowsMax));
  }
  return row.id;
}

/**
 * Whether a version that remains references one of these. A permanent deletion also counts versions
 * that are deleted themselves, because they may still be fetched.
 */
async function areReferenced(
  tx: Queries,
  subject: string,
  versions: readonly number[],
  permanent: boolean,
): Promise<boolean> {
  const rows = await tx
    .select({ version: schemaReferences.version, subject: schemaReferences.subject })
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
        inArray(schemaReferences.toVersion, [...versions]),
        permanent ? undefined : isNull(subjectVersions.deletedAt),
        or(
          sql`${schemaReferences.subject} <> ${subject}`,
          sql`not ${inArray(schemaReferences.version, [...versions])}`,
        ),
      ),
    )
    .limit(1);
  return rows.length > 0;
}

async function dropUnused(tx: Queries, ids: readonly number[]): Promise<void> {
  await tx
    .delete(schemas)
    .where(
      and(
        inArray(schemas.id, [...ids]),
        notExists(
          tx
            .select({ schema: subjectVersions.schema })
            .from(subjectVersions)
            .where(eq(subjectVersions.schema, schemas.id)),
        ),
      ),
    );
}
