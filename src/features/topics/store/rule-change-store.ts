/** Announced changes of schema rules, by the database's clock: nodes' clocks may differ. */

import { gt, lt, sql } from "drizzle-orm";
import type { Database } from "../../../postgres/database.ts";
import { preparedRead } from "../../../postgres/read.ts";
import type { RuleChangeStore } from "../rule-changes.ts";
import { topicRuleChanges } from "./tables.ts";

/** Far longer than any node looks back. */
const keptHours = 1;

export function createRuleChangeStore({ db, run, sql: driver }: Database): RuleChangeStore {
  const { topic, changedAt } = topicRuleChanges;
  const since = sql`now() - make_interval(secs => ${sql.placeholder("seconds")})`;
  // Every node looks twice a second.
  const changed = preparedRead(
    driver,
    db.select({ topic }).from(topicRuleChanges).where(gt(changedAt, since)),
  );
  return {
    async announce(name) {
      await run(() =>
        db
          .insert(topicRuleChanges)
          .values({ topic: name })
          .onConflictDoUpdate({ target: topic, set: { changedAt: sql`now()` } }),
      );
      await run(() =>
        db
          .delete(topicRuleChanges)
          .where(lt(changedAt, sql`now() - make_interval(hours => ${keptHours})`)),
      );
    },
    async recent(withinMs) {
      const rows = await run(() => changed({ seconds: withinMs / 1000 }));
      return rows.map((row) => row.topic);
    },
  };
}
