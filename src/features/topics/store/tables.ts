import { index, pgTable, timestamp } from "drizzle-orm/pg-core";
import { orderedText } from "../../../postgres/columns.ts";

/** Topics whose schema rule was changed, and when last: what all nodes look at. */
export const topicRuleChanges = pgTable(
  "topic_rule_changes",
  {
    topic: orderedText().primaryKey(),
    changedAt: timestamp("changed_at", { withTimezone: true }).notNull().defaultNow(),
  },
  ({ changedAt }) => [index("topic_rule_changes_changed").on(changedAt)],
);
