/**
 * The registry: schemas by id, by full name, by subject and version, each linked with all that it
 * imports. Words and rules are those of the Confluent Schema Registry.
 */

import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/logger.ts";
import type { CatalogStore } from "./catalog/catalog-port.ts";
import { type Catalog, createCatalog } from "./catalog/catalog.ts";
import { type ChangeFeed, createChangeFeed } from "./change-feed.ts";
import { createSchemaCache } from "./decode/schema-cache.ts";
import { createDeletions, type Deletions } from "./deletion.ts";
import { createLookup, type Lookup } from "./lookup.ts";
import { createRegistrations, type Registrations } from "./registration.ts";
import type {
  RegistryChange,
  RegistryCounts,
  RegistryStore,
  SchemaCompiler,
} from "./registry-port.ts";
import { createSubjectSettings, type SubjectSettings } from "./settings.ts";

export interface Registry
  extends Lookup, Registrations, Deletions, SubjectSettings, Catalog, Pick<ChangeFeed, "watch"> {
  /** Calls back with the id of each version that any node purges. */
  onPurged(callback: (id: number) => void): void;
  /** Its members of `/status`: as of the last time that it was asked. */
  status(): RegistryCounts;
  close(): Promise<void>;
}

export interface RegistryDeps {
  readonly store: RegistryStore & CatalogStore;
  readonly compiler: SchemaCompiler;
  readonly clock: Clock;
  readonly logger: Logger;
}

export function createRegistry({ store, compiler, clock, logger }: RegistryDeps): Registry {
  const cache = createSchemaCache();
  const purgeListeners: ((id: number) => void)[] = [];
  const onChange = ({ kind, id }: RegistryChange) => {
    if (kind !== "version_purged") return;
    cache.delete(id);
    for (const listener of purgeListeners) listener(id);
  };
  const feed = createChangeFeed({ store, clock, logger, onChange });
  const lookup = createLookup(store, cache);
  return {
    ...lookup,
    ...createRegistrations({ store, compiler, lookup }),
    ...createDeletions(store),
    ...createSubjectSettings(store),
    ...createCatalog(store, lookup),
    watch: feed.watch,
    onPurged: (callback) => void purgeListeners.push(callback),
    status: createStatus(store),
    close: () => feed.close(),
  };
}

/** Counts on all nodes; they are read in the background, so the answer is that of the call before. */
function createStatus(store: Pick<RegistryStore, "counts">): () => RegistryCounts {
  let counts: RegistryCounts = { subjects: 0, versions: 0 };
  let isReading = false;
  const read = async () => {
    if (isReading) return;
    isReading = true;
    try {
      const { subjects, versions } = await store.counts();
      counts = { subjects, versions };
    } catch {
      // The store is unavailable, which /status reports elsewhere; the next call tries again.
    } finally {
      isReading = false;
    }
  };
  return () => {
    void read();
    return counts;
  };
}
