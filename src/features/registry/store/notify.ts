/**
 * Tells other nodes that the registry changed, through LISTEN and NOTIFY. Inside the transaction:
 * unlike appends, these changes are rare, and the lock that NOTIFY takes at commit is no matter.
 */
import { sql } from "drizzle-orm";
import type { PostgresJsDatabase } from "drizzle-orm/postgres-js";
import { sleep, type Clock } from "../../../core/clock.ts";
import { failureFrom } from "../../../core/failure.ts";
import type { Logger } from "../../../core/logger.ts";
import type { Database } from "../../../postgres/database.ts";

/** One for each schema: a channel belongs to the whole database. */
const channelPrefix = "sluice_registry:";

/** Between attempts to listen, while the store is away. */
const retryMs = 1000;

export async function notifyOfChanges(tx: Pick<PostgresJsDatabase, "execute">): Promise<void> {
  await tx.execute(sql`select pg_notify(${channelPrefix} || current_schema(), '')`);
}

/** Calls back on a change of any node, and after each time that it could not listen. */
export function listenForChanges(
  { sql: connection, schema, run }: Database,
  clock: Clock,
  logger: Logger,
  callback: () => void,
): () => Promise<void> {
  const channel = channelPrefix + schema;
  const stop = new AbortController();
  const listening = listen();

  /** Resolves to what ends it. Once it stands, postgres.js listens again by itself. */
  async function listen(): Promise<() => Promise<void>> {
    while (!stop.signal.aborted) {
      try {
        const { unlisten } = await run(() => connection.listen(channel, callback, callback));
        return unlisten;
      } catch (error) {
        logger("warn", "Cannot listen for changes of the registry yet: polling until then", {
          reason: failureFrom(error).message,
        });
      }
      await sleep(clock, retryMs, stop.signal);
    }
    return async () => {};
  }

  return async () => {
    stop.abort();
    const unlisten = await listening;
    await unlisten().catch(() => {
      // Its connection is gone, and with it the listening.
    });
  };
}
