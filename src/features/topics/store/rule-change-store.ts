/** Announced changes of schema rules, by the database's clock: nodes' clocks may differ. */

import { gt, lt, sql } from "drizzle-orm";
import type { Database } from "../../../postgres/database.ts";
import type { RuleChangeStore } from "../rule-changes.ts";
import { topicRuleChanges } from "./tables.ts";

/** Far longer than any node looks back. */
const keptHours = 1;

export function createRuleChangeStore({ db, run }: Database): RuleChangeStore {
  const { topic, changedAt } = topicRuleChanges;
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
      const since = sql`now() - make_interval(secs => ${withinMs / 1000})`;
      const rows = await run(() =>
        db.select({ topic }).from(topicRuleChanges).where(gt(changedAt, since)),
      );
      return rows.map((row) => row.topic);
    },
  };
}
