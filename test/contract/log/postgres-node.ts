/** A node of the PostgreSQL log, for the suite and for the gateway process that it kills. */

import { systemClock } from "../../../src/core/clock.ts";
import { silent } from "../../../src/core/logger.ts";
import { PostgresLog } from "../../../src/log/postgres/postgres-log.ts";

/** `config` is the database's URL. */
export async function openNode(config: string): Promise<PostgresLog> {
  return new PostgresLog({ url: config, clock: systemClock, logger: silent });
}
