/**
 * Notifies other nodes that a key was created or revoked. A notification only shortens the wait for
 * the next look at the store, so it may be late or lost.
 */

import type { Logger } from "../../../core/logger.ts";
import type { Database } from "../../../postgres/database.ts";
import type { ChangeSignal } from "../ring.ts";

export function createChangeSignal({ sql, schema, run }: Database, logger: Logger): ChangeSignal {
  // A channel is the whole database's: the schema keeps other gateways' notifications apart.
  const channel = `sluice_access:${schema}`;
  let listening: Promise<{ unlisten(): Promise<void> }> | undefined;
  return {
    async announce() {
      try {
        await run(() => sql`select pg_notify(${channel}, '')`);
      } catch (error) {
        logger("debug", "notifying other nodes of a key failed", { error: String(error) });
      }
    },
    listen(onChange) {
      // postgres.js listens again after a lost connection, and then calls the second function.
      listening = sql.listen(channel, onChange, onChange);
      listening.catch((error: unknown) => {
        logger("warn", "listening for changed keys failed; polling instead", {
          error: String(error),
        });
      });
    },
    async close() {
      const { unlisten } = (await listening?.catch(() => undefined)) ?? {};
      // The connection may be gone, and LISTEN with it.
      await unlisten?.().catch(() => undefined);
    },
  };
}
