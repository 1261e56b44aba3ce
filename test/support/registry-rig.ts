/** Registries of several nodes in a test: a store, a compiler and a feed each, on one database. */

import { systemClock as clock } from "../../src/core/clock.ts";
import { silent as logger } from "../../src/core/logger.ts";
import { createCompiler } from "../../src/features/registry/compiler/compiler.ts";
import { defaultRegistryOptions } from "../../src/features/registry/options.ts";
import { createRegistry, type Registry } from "../../src/features/registry/registry.ts";
import { createRegistryStore } from "../../src/features/registry/store/registry-store.ts";
import type { Submission } from "../../src/features/registry/submission.ts";
import { openDatabase } from "../../src/postgres/database.ts";
import { migrate } from "../../src/postgres/migrate.ts";
import { withPostgres } from "./postgres.ts";

/** Calls `use` with `count` registries on a new database. */
export async function withRegistries(
  count: number,
  use: (...registries: [Registry, ...Registry[]]) => Promise<void>,
): Promise<void> {
  await withPostgres(async (url) => {
    await migrate({ url });
    await using opened = new AsyncDisposableStack();
    const open = (): Registry => {
      const database = openDatabase({ url });
      opened.defer(() => database.close());
      const store = createRegistryStore(database, clock, logger, defaultRegistryOptions);
      const registry = createRegistry({ store, compiler: createCompiler(), clock, logger });
      opened.defer(() => registry.close());
      return registry;
    };
    await use(open(), ...Array.from({ length: count - 1 }, open));
  });
}

/** A schema text with references `path=subject`, each to the newest version. */
export function text(schema: string, ...references: string[]): Submission {
  return {
    source: { form: "text", text: schema, imports: new Map(), file: undefined },
    references: references.map((reference) => {
      const [name = "", subject = ""] = reference.split("=");
      return { name, subject, version: 0 };
    }),
  };
}
