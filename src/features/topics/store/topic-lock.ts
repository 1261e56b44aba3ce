/** Changes of one topic's settings one after another, on all nodes. */

import { Semaphore } from "../../../core/budget/semaphore.ts";
import type { Database } from "../../../postgres/database.ts";
import { lockUntilCommit } from "../../../postgres/statement.ts";

/**
 * Changes of this node that may have a connection: while JetStream elects a leader each takes seconds, and
 * those that wait for one another would have all of the store's.
 */
const changesMax = 2;
const waitingMax = 100;

/**
 * Runs `change` once no other change of the topic is under way on any node. It must not use the store:
 * its lock keeps one of the connections. Throws what it throws, `unavailable`, and `overloaded` where too
 * many wait.
 */
export type TopicLock = <Changed>(
  topic: string,
  change: () => Promise<Changed>,
) => Promise<Changed>;

export function createTopicLock({ db, run }: Database): TopicLock {
  const permits = new Semaphore(changesMax, {
    waitingMax,
    refusal: `Cannot change the topic: ${waitingMax} changes of topics wait already`,
  });
  return async (topic, change) => await permits.use(async () => await locked(topic, change));

  async function locked<Changed>(topic: string, change: () => Promise<Changed>): Promise<Changed> {
    let made: { readonly changed: Changed } | undefined;
    try {
      return await run(() =>
        db.transaction(async (tx) => {
          await lockUntilCommit(tx, `topic-change:${topic}`);
          const changed = await change();
          made = { changed };
          return changed;
        }),
      );
    } catch (error) {
      // The transaction has the lock and nothing else: without its end the change is made as well.
      if (made !== undefined) return made.changed;
      throw error;
    }
  }
}
