/** The topics that a rule writes. */
import { failureFrom, invalidField } from "../../core/failure.ts";
import type { LogDriver } from "../../core/log.ts";
import type { TopicSettings } from "../../core/topic.ts";

/**
 * Makes the topic unless it stands. Throws `conflict` where it stands in a layout in which the log
 * cannot tell producers apart: acks could then be there twice.
 */
export async function ensureOutput(
  log: Pick<LogDriver, "create" | "describe" | "driver">,
  newTopics: TopicSettings,
  topic: string,
): Promise<void> {
  const standing = (await log.describe(topic)) ?? (await make());
  if (standing.settings.layout === "frames" || log.driver !== "jetstream") return;
  throw invalidField(
    "/output",
    `Cannot write acks to topic "${topic}": its layout is ${standing.settings.layout}, expected a topic of layout frames, or one that does not exist yet`,
    "conflict",
  );

  async function make() {
    try {
      return await log.create(topic, { ...newTopics, layout: "frames", schema: "none" });
    } catch (error) {
      // Another node made it meanwhile, and not in the same way.
      const made = failureFrom(error).code === "conflict" ? await log.describe(topic) : undefined;
      if (made === undefined) throw error;
      return made;
    }
  }
}
