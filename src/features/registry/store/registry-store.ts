/** The registry's schemas, subjects and settings as rows. */

import type { Clock } from "../../../core/clock.ts";
import type { Logger } from "../../../core/logger.ts";
import type { Database } from "../../../postgres/database.ts";
import type { CatalogStore } from "../catalog/catalog-port.ts";
import type { RegistryStore } from "../registry-port.ts";
import { createCatalogQueries } from "./catalog-queries.ts";
import { changesAfter, newestRevision } from "./changes.ts";
import { countsOf } from "./counts.ts";
import { listenForChanges } from "./notify.ts";
import { createSchemaQueries } from "./schema-queries.ts";
import { settingsOf, subjectState } from "./subject-state.ts";
import { createUseQueries } from "./use-queries.ts";
import { createVersionQueries } from "./version-queries.ts";
import { type CountLimits, createRegistryWrites } from "./write.ts";

export function createRegistryStore(
  database: Database,
  clock: Clock,
  logger: Logger,
  limits: CountLimits,
): RegistryStore & CatalogStore {
  const { db, run } = database;
  return {
    ...createSchemaQueries(database),
    ...createVersionQueries(database),
    ...createCatalogQueries(database),
    ...createUseQueries(database),
    ...createRegistryWrites(database, limits),
    subject: (name) => subjectState(database, name),
    settings: (subject) => settingsOf(database, subject),
    counts: () => run(() => countsOf(db)),
    revision: () => run(() => newestRevision(db)),
    changesAfter: (revision, limit) => changesAfter(database, revision, limit),
    listen: (callback) => listenForChanges(database, clock, logger, callback),
  };
}
