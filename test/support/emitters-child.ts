/** A node in a process of its own, to be killed: the database's URL is its argument. */

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
// Its lease first: a guest that is made before that is anyone's to claim.
await new Promise((resolve) => setTimeout(resolve, 500));
for (const [i, rate] of [2, 10, 100].entries()) await node.emitters.create({ id: `g${i}`, rate });
process.stdout.write("ready\n");
