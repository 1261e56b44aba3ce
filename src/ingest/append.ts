/** An append that creates its topic where it does not exist. */

import type { Allowance } from "../core/access/allowance.ts";
import type { Batch } from "../core/batch.ts";
import { Failure } from "../core/failure.ts";
import type { Appended, AppendOptions, LogDriver } from "../core/log.ts";
import type { TopicSettings } from "../core/topic.ts";

/** What appends need of a log; `create` may refuse one topic too many. */
export type AppendLog = Pick<LogDriver, "append" | "create">;

/** Of each log the topics that are being created: appends that come meanwhile wait for the same creation. */
const creating = new WeakMap<AppendLog, Map<string, Promise<void>>>();

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
  await createOnce(log, topic, newTopics, allowance);
  return await log.append(topic, batch, options);
}

/** Only the first of several at once pays for the topic. */
async function createOnce(
  log: AppendLog,
  topic: string,
  newTopics: TopicSettings,
  allowance: Allowance | undefined,
): Promise<void> {
  const topics = creating.get(log) ?? new Map<string, Promise<void>>();
  creating.set(log, topics);
  const underway = topics.get(topic);
  if (underway !== undefined) return await underway;
  allowance?.create("topics");
  const created = create(log, topic, newTopics);
  topics.set(topic, created);
  try {
    await created;
  } finally {
    topics.delete(topic);
  }
}

async function create(log: AppendLog, topic: string, newTopics: TopicSettings): Promise<void> {
  try {
    await log.create(topic, newTopics);
  } catch (error) {
    // Another caller created it at the same moment with other settings, which remain.
    if (!(error instanceof Failure) || error.code !== "conflict") throw error;
  }
}
