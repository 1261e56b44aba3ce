/**
 * Rules whose announcements would come back to their own topics, perhaps by way of other rules. An ack
 * is never an occurrence, so such rules would not loop; but each would wait for ids that only acks have.
 */

import { type AckRuleConfig, overdueTopic } from "./rule.ts";

type Cyclic = Pick<AckRuleConfig, "places" | "output" | "deadlineMs">;

/**
 * The way of the rule's announcements back to a topic that it reads, as `["a", "b", "a"]`; undefined
 * where no such way exists.
 */
export function cycleThrough(
  rule: Cyclic,
  others: readonly Cyclic[],
): readonly string[] | undefined {
  const read = topicsOf(rule);
  const ways: (readonly string[])[] = outputsOf(rule).map((output) => [output]);
  const visited = new Set<string>();
  for (let way = ways.shift(); way !== undefined; way = ways.shift()) {
    const topic = way.at(-1) ?? "";
    if (read.includes(topic)) return [topic, ...way];
    if (visited.has(topic)) continue;
    visited.add(topic);
    for (const other of others) {
      if (!topicsOf(other).includes(topic)) continue;
      for (const output of outputsOf(other)) ways.push([...way, output]);
    }
  }
  return undefined;
}

/** Events are in a topic that no rule may write. */
function topicsOf({ places }: Cyclic): readonly string[] {
  return "topics" in places ? places.topics : [];
}

function outputsOf({ output, deadlineMs }: Cyclic): readonly string[] {
  return deadlineMs === undefined ? [output] : [output, overdueTopic(output)];
}
