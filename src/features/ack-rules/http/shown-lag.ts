/** How far a rule is behind its topics, as answers have it. */

import type { TopicConsumer } from "../../../core/metrics/topic-figures.ts";
import { topicsOf } from "../changing.ts";
import type { AckRule } from "../rule.ts";

/**
 * Of the topic that the rule is furthest behind; null where no node has said it. Nodes say it every ten
 * seconds: until then it may be of topics that the rule, or another of its name, had before.
 */
export function describeLag(
  rule: Pick<AckRule, "name" | "places">,
  consumers: readonly TopicConsumer[],
) {
  const topics = topicsOf(rule);
  const [worst] = consumers
    .filter(
      ({ kind, name, topic }) => kind === "rule" && name === rule.name && topics.includes(topic),
    )
    .toSorted((a, b) => b.lagMs - a.lagMs);
  if (worst === undefined) return null;
  const { topic, node, lagMs, lagBeforeMs } = worst;
  return { topic, lag_s: lagMs / 1000, lag_before_s: lagBeforeMs / 1000, node };
}
