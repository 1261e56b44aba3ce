/**
 * The registry: schemas by id, by full name, by subject and version, each linked with all that it
 * imports. Words and rules are those of the Confluent Schema Registry.
 */

import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/logger.ts";
import { type ChangeFeed, createChangeFeed } from "./change-feed.ts";
import { createSchemaCache } from "./decode/schema-cache.ts";
import { createDeletions, type Deletions } from "./deletion.ts";
import { createLookup, type Lookup } from "./lookup.ts";
import { createRegistrations, type Registrations } from "./registration.ts";
import type { RegistryChange, RegistryStore, SchemaCompiler } from "./registry-port.ts";
import { createSubjectSettings, type SubjectSettings } from "./settings.ts";

export interface Registry
  extends Lookup, Registrations, Deletions, SubjectSettings, Pick<ChangeFeed, "watch"> {
  /** Calls back with the id of each version that any node purges. */
  onPurged(callback: (id: number) => void): void;
  close(): Promise<void>;
}

export interface RegistryDeps {
  readonly store: RegistryStore;
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
    watch: feed.watch,
    onPurged: (callback) => void purgeListeners.push(callback),
    close: () => feed.close(),
  };
}
