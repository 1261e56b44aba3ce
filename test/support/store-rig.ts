/** A new, migrated database in a test, and the stores on it. */

import { systemClock } from "../../src/core/clock.ts";
import { silent } from "../../src/core/logger.ts";
import { createEmitterStore } from "../../src/features/emitters/store/emitter-store.ts";
import { createGuestLeases } from "../../src/features/emitters/store/guest-leases.ts";
import { createEmitterPages } from "../../src/features/emitters/store/pages.ts";
import { createEmitterProjection } from "../../src/features/emitters/store/projection.ts";
import { type Database, openDatabase } from "../../src/postgres/database.ts";
import { migrate } from "../../src/postgres/migrate.ts";
import { createOwnership, type PostgresOwnership } from "../../src/postgres/ownership.ts";
import { type TestPostgres, testPostgres, withPostgres } from "./postgres.ts";

export interface StoreRig {
  readonly url: string;
  readonly server: TestPostgres;
  readonly database: Database;
  /** The ownership of a new node, with its own session. */
  ownership(): PostgresOwnership;
  readonly store: ReturnType<typeof createEmitterStore>;
  readonly pages: ReturnType<typeof createEmitterPages>;
  readonly leases: ReturnType<typeof createGuestLeases>;
  readonly target: ReturnType<typeof createEmitterProjection>;
}

/** A database for all tests of a file. */
export async function openTestStore(): Promise<{
  readonly database: Database;
  close(): Promise<void>;
}> {
  const server = await (await testPostgres()).createDatabase();
  await migrate({ url: server.url });
  const database = openDatabase({ url: server.url });
  return {
    database,
    async close() {
      await database.close();
      await server.drop();
    },
  };
}

export async function withStore(use: (rig: StoreRig) => Promise<void>): Promise<void> {
  await withPostgres(async (url, server) => {
    await migrate({ url });
    const database = openDatabase({ url });
    const ownerships: PostgresOwnership[] = [];
    try {
      await use({
        url,
        server,
        database,
        ownership() {
          const ownership = createOwnership({ url, clock: systemClock, logger: silent });
          ownerships.push(ownership);
          return ownership;
        },
        store: createEmitterStore(database),
        pages: createEmitterPages(database),
        leases: createGuestLeases(database),
        target: createEmitterProjection(database),
      });
    } finally {
      await Promise.all(ownerships.map((ownership) => ownership.close()));
      await database.close();
    }
  });
}
