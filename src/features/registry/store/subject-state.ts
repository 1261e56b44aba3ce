/** What a decision about a subject is made on, and its settings. */

import { asc, eq, inArray, max } from "drizzle-orm";
import type { Database } from "../../../postgres/database.ts";
import type { Queries } from "../../../postgres/statement.ts";
import {
  allSubjects,
  defaultCompatibility,
  defaultMode,
  type RegistrySettings,
  type SubjectState,
} from "../registry-port.ts";
import { registryChanges, registrySettings, schemas, subjectVersions } from "./tables.ts";
import { versionColumns } from "./version-queries.ts";

/** One snapshot: versions and settings of different moments could make a decision wrong. */
export async function subjectState(
  { snapshots, run }: Database,
  name: string,
): Promise<SubjectState> {
  return await run(() =>
    snapshots.transaction(async (tx) => {
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
      return {
        revision: await subjectRevision(tx, name),
        versions,
        compatibility: own?.compatibility ?? all?.compatibility ?? defaultCompatibility,
        mode: own?.mode ?? all?.mode ?? defaultMode,
      };
    }),
  );
}

/** The revision of the last change of the subject, or of the settings of all subjects. */
export async function subjectRevision(tx: Queries, subject: string): Promise<number> {
  const [row] = await tx
    .select({ revision: max(registryChanges.revision) })
    .from(registryChanges)
    .where(inArray(registryChanges.subject, [subject, allSubjects]));
  return row?.revision ?? 0;
}

export async function settingsOf(
  { db, run }: Database,
  subject: string,
): Promise<RegistrySettings> {
  const [row] = await run(() =>
    db.select().from(registrySettings).where(eq(registrySettings.subject, subject)),
  );
  return { compatibility: row?.compatibility ?? undefined, mode: row?.mode ?? undefined };
}
