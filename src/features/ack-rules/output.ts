/** The topics that a rule writes to: which they may be, and how acks are appended to them. */

import { Failure, failureFrom, invalidField } from "../../core/failure.ts";
import type { LogDriver } from "../../core/log.ts";
import type { TopicSettings } from "../../core/topic.ts";
import type { AppendOwn, Ingest } from "../../ingest/ingest.ts";
import { Author } from "../../ingest/topic-rules.ts";
import type { Topics } from "../../ingest/topics.ts";

/** Acks are checked like a caller's records, except that they have a separate type. */
const acksAuthor = new Author("ack-rules");

/** Frames: in another layout JetStream could not recognise an ack that is appended twice. */
export function outputSettings(newTopics: TopicSettings): TopicSettings {
  return { ...newTopics, layout: "frames", schema: "none" };
}

/** Appends acks, all of them or none: throws `invalid` where the topic does not accept one. */
export function appendAcks(ingest: Ingest): AppendOwn {
  return async (topic, acks, options) => {
    const checked = await ingest.check(topic, acks, acksAuthor);
    const { appended } =
      checked.refused.length === 0 ? await ingest.appendChecked(checked, options) : {};
    if (appended !== undefined) return appended;
    const reason = checked.refused[0]?.message ?? "there are none";
    throw new Failure("invalid", `Cannot append acks to topic "${topic}": ${reason}`);
  };
}

/**
 * Creates the topic unless it exists. Throws `conflict` where its layout is one in which the log
 * does not deduplicate by producer, because acks could then appear twice, or where its records must
 * follow a schema.
 */
export async function ensureOutput(
  log: Pick<LogDriver, "describe" | "driver">,
  topics: Pick<Topics, "create">,
  newTopics: TopicSettings,
  topic: string,
): Promise<void> {
  const { settings } = (await log.describe(topic)) ?? (await create());
  if (settings.schema !== "none") {
    throw invalidField(
      "/output",
      `Cannot write acks to topic "${topic}": its schema rule is ${settings.schema}, expected a topic without one`,
      "conflict",
    );
  }
  if (settings.layout === "frames" || log.driver !== "jetstream") return;
  throw invalidField(
    "/output",
    `Cannot write acks to topic "${topic}": its layout is ${settings.layout}, expected a topic of layout frames, or one that does not exist yet`,
    "conflict",
  );

  async function create() {
    try {
      return await topics.create(topic, outputSettings(newTopics));
    } catch (error) {
      // Another node created it in the meantime, with other settings.
      const other = failureFrom(error).code === "conflict" ? await log.describe(topic) : undefined;
      if (other === undefined) throw error;
      return other;
    }
  }
}
