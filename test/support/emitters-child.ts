/** A node in a separate process, which the test kills. Its argument is the URL of the database. */

import { systemClock as clock } from "../../src/core/clock.ts";
import { silent as logger } from "../../src/core/logger.ts";
import { createEmitterStore } from "../../src/features/emitters/store/emitter-store.ts";
import { createGuestLeases } from "../../src/features/emitters/store/guest-leases.ts";
import { createEmitterPages } from "../../src/features/emitters/store/pages.ts";
import { createEmitterProjection } from "../../src/features/emitters/store/projection.ts";
import { PostgresLog } from "../../src/log/postgres/postgres-log.ts";
import { openDatabase } from "../../src/postgres/database.ts";
import { createOwnership } from "../../src/postgres/ownership.ts";
import { startEmittersNode } from "./emitters-node.ts";

const url = process.argv[2] ?? "";
const database = openDatabase({ url });
const node = await startEmittersNode(
  {
    ownership: () => createOwnership({ url, clock, logger }),
    store: createEmitterStore(database),
    pages: createEmitterPages(database),
    leases: createGuestLeases(database),
    target: createEmitterProjection(database),
  },
  new PostgresLog({ url, clock, logger }),
  "child",
);
// Waits for its lease, because any node may claim a guest that was created before.
await new Promise((resolve) => setTimeout(resolve, 500));
for (const [i, rate] of [2, 10, 100].entries()) await node.emitters.create({ id: `g${i}`, rate });
process.stdout.write("ready\n");
