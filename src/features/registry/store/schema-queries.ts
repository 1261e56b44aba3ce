/** Registered schemas by id and by name. */

import { and, desc, eq, getTableColumns, isNull } from "drizzle-orm";
import type { Database } from "../../../postgres/database.ts";
import { isNamed } from "../../../postgres/granted.ts";
import { fixedLimit } from "../../../postgres/statement.ts";
import type { RegistryStore } from "../registry-port.ts";
import { schemaMessages, schemas, subjectVersions } from "./tables.ts";

type SchemaQueries = Pick<RegistryStore, "schema" | "idOfGuid" | "idOfMessage">;

export function createSchemaQueries({ db, run }: Database): SchemaQueries {
  return {
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

    async idOfMessage(fullName, names) {
      const [row] = await run(() =>
        db
          .select({ id: schemaMessages.schema })
          .from(schemaMessages)
          .innerJoin(subjectVersions, eq(subjectVersions.schema, schemaMessages.schema))
          .where(
            and(
              eq(schemaMessages.name, fullName),
              isNull(subjectVersions.deletedAt),
              names && isNamed(subjectVersions.subject, names),
            ),
          )
          .orderBy(desc(schemaMessages.schema))
          .limit(fixedLimit(1)),
      );
      return row?.id;
    },
  };
}
