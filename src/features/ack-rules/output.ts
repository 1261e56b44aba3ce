/** The topics that a rule writes to. */

import { failureFrom, invalidField } from "../../core/failure.ts";
import type { LogDriver } from "../../core/log.ts";
import type { TopicSettings } from "../../core/topic.ts";

/**
 * Creates the topic unless it exists. Throws `conflict` where its layout is one in which the log
 * does not deduplicate by producer, because acks could then appear twice.
 */
export async function ensureOutput(
  log: Pick<LogDriver, "create" | "describe" | "driver">,
  newTopics: TopicSettings,
  topic: string,
): Promise<void> {
  const { settings } = (await log.describe(topic)) ?? (await create());
  if (settings.layout === "frames" || log.driver !== "jetstream") return;
  throw invalidField(
    "/output",
    `Cannot write acks to topic "${topic}": its layout is ${settings.layout}, expected a topic of layout frames, or one that does not exist yet`,
    "conflict",
  );

  async function create() {
    try {
      return await log.create(topic, { ...newTopics, layout: "frames", schema: "none" });
    } catch (error) {
      // Another node created it in the meantime, with other settings.
      const other = failureFrom(error).code === "conflict" ? await log.describe(topic) : undefined;
      if (other === undefined) throw error;
      return other;
    }
  }
}
