/** An append that creates its topic where it does not exist. */

import type { Allowance } from "../core/access/allowance.ts";
import type { Batch } from "../core/batch.ts";
import { Failure } from "../core/failure.ts";
import type { Appended, AppendOptions, LogDriver } from "../core/log.ts";
import type { TopicSettings } from "../core/topic.ts";

/** What appends need of a log; `create` may refuse one topic too many. */
export type AppendLog = Pick<LogDriver, "append" | "create">;

/** `allowance`: whose creations a new topic counts among. `newTopics`: settings of a topic that this append creates; undefined forbids that. */
export async function appendOrCreate(
  log: AppendLog,
  newTopics: TopicSettings | undefined,
  topic: string,
  batch: Batch,
  options?: AppendOptions,
  allowance?: Allowance,
): Promise<Appended> {
  try {
    return await log.append(topic, batch, options);
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== "not_found") throw error;
    if (newTopics === undefined) throw error;
  }
  allowance?.create("topics");
  try {
    await log.create(topic, newTopics);
  } catch (error) {
    // Another caller created it at the same moment with other settings, which remain.
    if (!(error instanceof Failure) || error.code !== "conflict") throw error;
  }
  return await log.append(topic, batch, options);
}
