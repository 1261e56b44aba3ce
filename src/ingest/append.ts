/** An append that makes its topic where there is none yet. */
import type { Batch } from "../core/batch.ts";
import { Failure } from "../core/failure.ts";
import type { Appended, AppendOptions, Log, TopicAdmin } from "../core/log.ts";
import type { TopicSettings } from "../core/topic.ts";

/** `newTopics`: what a topic that comes to be by this append is made with; undefined forbids it. */
export async function appendOrCreate(
  log: Log & TopicAdmin,
  newTopics: TopicSettings | undefined,
  topic: string,
  batch: Batch,
  options?: AppendOptions,
): Promise<Appended> {
  try {
    return await log.append(topic, batch, options);
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== "not_found") throw error;
    if (newTopics === undefined) throw error;
  }
  try {
    await log.create(topic, newTopics);
  } catch (error) {
    // Made by someone else in the same moment, with settings of their own: theirs stand.
    if (!(error instanceof Failure) || error.code !== "conflict") throw error;
  }
  return await log.append(topic, batch, options);
}
