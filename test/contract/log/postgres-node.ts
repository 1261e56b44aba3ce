/** A node of the PostgreSQL log, for the suite and for the gateway process that it kills. */
import postgres from "postgres";
import { systemClock } from "../../../src/core/clock.ts";
import { silent } from "../../../src/core/logger.ts";
import { connectionOptions } from "../../../src/log/postgres/options.ts";
import { createPostgresLog, type PostgresLog } from "../../../src/log/postgres/postgres-log.ts";

/** `config` is the database's URL. Closing the node ends its connections, as a gateway's end does. */
export async function openNode(config: string): Promise<PostgresLog> {
  const sql = postgres(config, { ...connectionOptions, max: 6, onnotice: () => {} });
  const log = createPostgresLog({ sql, clock: systemClock, logger: silent });
  const close = log.close.bind(log);
  log.close = async () => {
    await close();
    await sql.end({ timeout: 2 });
  };
  return log;
}
