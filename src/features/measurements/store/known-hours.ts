/** The hours whose partition this node has seen, so that most batches need no query for it. */

import type { Database } from "../../../postgres/database.ts";
import { hourOf, makePartitions } from "./partitions.ts";

export class KnownHours {
  readonly #database: Database;
  readonly #hours = new Set<bigint>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** Creates the partitions that these times lack. */
  async ensure(times: Iterable<{ readonly timeNs: bigint }>): Promise<void> {
    const missing = new Set<bigint>();
    for (const { timeNs } of times) {
      const hour = hourOf(timeNs);
      if (!this.#hours.has(hour)) missing.add(hour);
    }
    if (missing.size === 0) return;
    await makePartitions(this.#database, [...missing]);
    for (const hour of missing) this.#hours.add(hour);
  }

  /** To be called when a write fails: a partition may have been dropped since. */
  clear(): void {
    this.#hours.clear();
  }
}
