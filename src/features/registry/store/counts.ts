/** How much is registered. */

import { eq, sql } from "drizzle-orm";
import type { Queries } from "../../../postgres/statement.ts";
import type { RegistryCounts } from "../registry-port.ts";
import { subjects, subjectVersions } from "./tables.ts";

/** Scans two indexes of some ten thousand rows, for each registration of something new. */
export async function countsOf(
  queries: Queries,
  subject = "",
): Promise<RegistryCounts & { readonly hasSubject: boolean }> {
  const [known] = await queries
    .select({
      subjects: sql<number>`count(*)::int`,
      hasSubject: sql<boolean>`coalesce(bool_or(${eq(subjects.name, subject)}), false)`,
    })
    .from(subjects);
  const [stored] = await queries
    .select({ versions: sql<number>`count(*)::int` })
    .from(subjectVersions);
  return {
    subjects: known?.subjects ?? 0,
    hasSubject: known?.hasSubject ?? false,
    versions: stored?.versions ?? 0,
  };
}
