/**
 * Notifies other nodes of changes of the registry, through LISTEN and NOTIFY, inside the transaction:
 * unlike appends, these changes are rare, so that the lock that NOTIFY takes at commit does not matter.
 */

import { sql } from "drizzle-orm";
import { type Clock, sleep } from "../../../core/clock.ts";
import { failureFrom } from "../../../core/failure.ts";
import type { Logger } from "../../../core/logger.ts";
import type { Database } from "../../../postgres/database.ts";
import type { Queries } from "../../../postgres/statement.ts";

/** One for each schema: a channel belongs to the whole database. */
const channelPrefix = "sluice_registry:";

/** Between attempts to listen while the store is unavailable. */
const retryMs = 1000;

export async function notifyOfChanges(tx: Queries): Promise<void> {
  await tx.execute(sql`select pg_notify(${channelPrefix} || current_schema(), '')`);
}

/** Calls back on a change of any node, and whenever it listens again. */
export function listenForChanges(
  { sql: connection, schema, run }: Database,
  clock: Clock,
  logger: Logger,
  callback: () => void,
): () => Promise<void> {
  const channel = channelPrefix + schema;
  const stop = new AbortController();
  const listening = listen();

  /** Resolves to a function that ends it. After that postgres.js listens again on its own. */
  async function listen(): Promise<() => Promise<void>> {
    while (!stop.signal.aborted) {
      try {
        const { unlisten } = await run(() => connection.listen(channel, callback, callback));
        return unlisten;
      } catch (error) {
        logger("warn", "listening for changes of the registry failed; polling, retrying", {
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
      // The connection is closed, and listens no more.
    });
  };
}
