/** The store as the composition takes it: connected, migrated, and what each part needs of it. */
import type { Clock } from "../core/clock.ts";
import type { EmitterPages, EmitterStore, GuestLeases } from "../core/emitters.ts";
import type { Logger } from "../core/logger.ts";
import type { Ownership, ProjectionTarget } from "../core/projection.ts";
import type { RegistryStore } from "../core/registry.ts";
import { openDatabase } from "./database.ts";
import { startEmbedded } from "./embedded.ts";
import { createEmitterPages, createEmitterProjection } from "./emitter-pages.ts";
import { runEmitterRetention } from "./emitter-retention.ts";
import { createEmitterStore, createGuestLeases } from "./emitter-store.ts";
import { migrate } from "./migrate.ts";
import { createOwnership } from "./ownership.ts";
import { createRegistryStore } from "./registry-store.ts";

export interface StoreOptions {
  /** Undefined: PostgreSQL is embedded under `dataDir`. */
  readonly databaseUrl: string | undefined;
  readonly dataDir: string;
  /** How long the rows of emitters' pages are kept; 0 keeps them. */
  readonly rowsKeptMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Store {
  readonly url: string;
  readonly ownership: Ownership;
  readonly emitters: EmitterStore;
  readonly emitterPages: EmitterPages;
  readonly emitterProjection: ProjectionTarget;
  readonly guestLeases: GuestLeases;
  readonly registry: RegistryStore;
  /** Throws `unavailable` when the database does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Rows of one emitter: at two events a second, the last fourteen hours. */
const rowsPerEmitterMax = 100_000;

/** Starts PostgreSQL unless one is given, and brings it to this release's tables. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { clock, logger } = options;
  await using opened = new AsyncDisposableStack();
  const embedded =
    options.databaseUrl === undefined
      ? await startEmbedded({ dataDir: options.dataDir, log: logger })
      : undefined;
  if (embedded !== undefined) opened.defer(() => embedded.stop());
  const url = options.databaseUrl ?? embedded?.url ?? "";
  await migrate(url);

  const database = openDatabase({ url });
  opened.defer(() => database.close());
  const ownership = createOwnership({ url, clock, logger });
  opened.defer(() => ownership.close());
  const stop = new AbortController();
  const retention = runEmitterRetention({
    database,
    ownership,
    clock,
    logger,
    signal: stop.signal,
    retention: { ageMs: options.rowsKeptMs, countMax: rowsPerEmitterMax },
  });
  opened.defer(async () => {
    stop.abort();
    await retention;
  });

  const parts = opened.move();
  return {
    url,
    ownership,
    emitters: createEmitterStore(database),
    emitterPages: createEmitterPages(database),
    emitterProjection: createEmitterProjection(database),
    guestLeases: createGuestLeases(database),
    registry: createRegistryStore(database, clock, logger),
    async ping() {
      await database.run(() => database.sql`select 1`);
    },
    close: () => parts.disposeAsync(),
  };
}
