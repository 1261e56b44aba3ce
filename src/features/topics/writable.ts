/** The topics that callers may not write themselves. */

import { emittersTopic } from "../../core/emitters.ts";
import { Failure } from "../../core/failure.ts";
import { parseName } from "../../core/topic.ts";

const reservedTopics = new Set([emittersTopic]);

/** The checked name. Throws `forbidden` for a topic that is written through other endpoints alone. */
export function writableTopic(name: string): string {
  const topic = parseName(name, "topic");
  if (!reservedTopics.has(topic)) return topic;
  throw new Failure(
    "forbidden",
    `Cannot write topic "${topic}": it is Sluice's own, emitters are written at /log/{id}`,
  );
}
