/** Pages of subjects and versions, references, and the topics in which schemas were seen. */

import { and, asc, count, desc, eq, gt, isNull, lt, type SQL, sql } from "drizzle-orm";
import { alias, type PgColumn } from "drizzle-orm/pg-core";
import { arrayOfNumbers, arrayOfTexts } from "../../../postgres/arrays.ts";
import type { Database } from "../../../postgres/database.ts";
import { isNamed } from "../../../postgres/granted.ts";
import { isAnyOf } from "../../../postgres/statement.ts";
import type { CatalogStore, VersionName } from "../catalog/catalog-port.ts";
import { registrySettings, schemaReferences, schemas, subjectVersions } from "./tables.ts";
import { versionColumns } from "./version-queries.ts";

type CatalogQueries = Pick<CatalogStore, "subjectPage" | "versionPage" | "imports">;

const { text: _, ...shownColumns } = versionColumns;
const datedColumns = {
  ...shownColumns,
  registeredMs: sql`extract(epoch from ${subjectVersions.registeredAt}) * 1000`.mapWith(Number),
};

export function createCatalogQueries(database: Database): CatalogQueries {
  const { db, run } = database;
  return {
    async subjectPage({ text, after, limit, deleted, names }) {
      const { subject, version } = subjectVersions;
      const isVisible = deleted ? undefined : isNull(subjectVersions.deletedAt);
      const found = await run(() =>
        db
          .select({ subject, versions: count() })
          .from(subjectVersions)
          .where(
            and(
              isVisible,
              text === "" ? undefined : sql`strpos(lower(${subject}), lower(${text})) > 0`,
              after === undefined ? undefined : gt(subject, after),
              names && isNamed(subject, names),
            ),
          )
          .groupBy(subject)
          .orderBy(asc(subject))
          .limit(limit),
      );
      if (found.length === 0) return [];
      const listed = found.map((row) => row.subject);
      const newest = await run(() =>
        db
          .selectDistinctOn([subject], datedColumns)
          .from(subjectVersions)
          .innerJoin(schemas, eq(schemas.id, subjectVersions.schema))
          .where(and(isVisible, isAnyOf(subject, listed)))
          .orderBy(asc(subject), desc(version)),
      );
      const settings = await run(() =>
        db.select().from(registrySettings).where(isAnyOf(registrySettings.subject, listed)),
      );
      return found.flatMap((row) => {
        // Undefined where it was deleted between the queries.
        const latest = newest.find((one) => one.subject === row.subject);
        if (latest === undefined) return [];
        const own = settings.find((one) => one.subject === row.subject);
        const ownCompatibility = own?.compatibility ?? undefined;
        return [{ ...row, latest, ownCompatibility, ownMode: own?.mode ?? undefined }];
      });
    },

    async versionPage({ subject, before, limit, deleted }) {
      const { version, deletedAt } = subjectVersions;
      return await run(() =>
        db
          .select(datedColumns)
          .from(subjectVersions)
          .innerJoin(schemas, eq(schemas.id, subjectVersions.schema))
          .where(
            and(
              eq(subjectVersions.subject, subject),
              before === undefined ? undefined : lt(version, before),
              deleted ? undefined : isNull(deletedAt),
            ),
          )
          .orderBy(desc(version))
          .limit(limit),
      );
    },

    async imports(versions, direction, limit) {
      const from = alias(subjectVersions, "importing");
      const to = alias(subjectVersions, "imported");
      const { subject, version, toSubject, toVersion, name, idx } = schemaReferences;
      const isOne =
        direction === "imported"
          ? isVersionOf(sql`(${subject}, ${version})`, versions)
          : isVersionOf(sql`(${toSubject}, ${toVersion})`, versions);
      const rows = await run(() =>
        db
          .select({
            name,
            from: columnsOf(from),
            to: columnsOf(to),
          })
          .from(schemaReferences)
          .innerJoin(from, and(eq(from.subject, subject), eq(from.version, version)))
          .innerJoin(to, and(eq(to.subject, toSubject), eq(to.version, toVersion)))
          .where(isOne)
          .orderBy(asc(subject), desc(version), asc(idx))
          .limit(limit),
      );
      return rows;
    },
  };
}

function columnsOf(
  table: Readonly<Record<"subject" | "version" | "schema" | "deletedAt", PgColumn>>,
) {
  return {
    subject: sql<string>`${table.subject}`,
    version: sql<number>`${table.version}`,
    id: sql<number>`${table.schema}`,
    deleted: sql<boolean>`${table.deletedAt} is not null`,
  };
}

/** Pairs that are passed as arrays. */
function isVersionOf(pair: SQL, versions: readonly VersionName[]): SQL {
  const names = arrayOfTexts(versions.map(({ subject }) => subject));
  const numbers = arrayOfNumbers(versions.map(({ version }) => version));
  return sql`${pair} in (select * from unnest(${names}::text[], ${numbers}::int[]))`;
}
