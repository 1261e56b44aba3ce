/** The driver with a connection of its own, as the composition opens it. */
import postgres from "postgres";
import type { Clock } from "../../core/clock.ts";
import type { LogDriver } from "../../core/log.ts";
import type { Logger } from "../../core/logger.ts";
import { connectionOptions } from "./options.ts";
import { createPostgresLog } from "./postgres-log.ts";

export interface ConnectOptions {
  readonly url: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Commits of as many topics at once; replays share them. */
const connectionsMax = 8;

/** Closing the log closes its connections. */
export function connectPostgresLog({ url, clock, logger }: ConnectOptions): LogDriver {
  const sql = postgres(url, {
    ...connectionOptions,
    max: connectionsMax,
    onnotice: () => {},
  });
  const log = createPostgresLog({ sql, clock, logger });
  const closeLog = log.close.bind(log);
  return Object.assign(log, {
    async close() {
      await closeLog();
      await sql.end({ timeout: 5 });
    },
  });
}
