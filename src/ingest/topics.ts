/**
 * Topics as callers and features create, change and remove them: by the write rules, and within the
 * number of topics that there may be. Appends that create their topic come here as well.
 */

import { audit } from "../core/access/audit.ts";
import type { Caller } from "../core/access/caller.ts";
import type { Quota } from "../core/budget/quota.ts";
import { Failure } from "../core/failure.ts";
import type { LogDriver, TopicInfo } from "../core/log.ts";
import type { Logger } from "../core/logger.ts";
import { differingSettings, type TopicChange, type TopicSettings } from "../core/topic.ts";
import type { TopicRules } from "./topic-rules.ts";

export interface TopicsDeps {
  readonly log: Pick<LogDriver, "create" | "describe" | "remove" | "change">;
  readonly rules: TopicRules;
  readonly quota: Quota;
  readonly logger: Logger;
  /** Settings of a topic whose creator leaves them out. */
  readonly newTopics: TopicSettings;
  /** Runs one change of a topic at a time, of those of all nodes. */
  readonly exclusively: (topic: string, change: () => Promise<TopicInfo>) => Promise<TopicInfo>;
  /** Makes all nodes fetch the topic's schema rule again, within a second. Rejects where the store fails. */
  readonly announceRule: (topic: string) => Promise<void>;
  /** A caller removed the topic: what others noted of it counts no more. */
  readonly onRemoved?: (topic: string) => void;
}

export interface PutTopic {
  readonly created: boolean;
  readonly topic: TopicInfo;
}

export class Topics {
  readonly #deps: TopicsDeps;

  constructor(deps: TopicsDeps) {
    this.#deps = deps;
  }

  /**
   * Creates the topic for a caller, or changes its retention and its schema rule. Members that are left
   * out are those of the existing topic, else the defaults. Throws `forbidden`; `conflict` where the
   * layout would have to change; `overloaded` past the number of topics.
   */
  async put(name: string, given: Partial<TopicSettings>, by: Caller): Promise<PutTopic> {
    const { log, rules, newTopics, logger, exclusively } = this.#deps;
    rules.require(name, "create", by);
    const existing = await log.describe(name);
    if (existing === undefined) {
      by.allowance?.create("topics");
      const topic = await this.create(name, { ...newTopics, ...given });
      // Before the announcement, which may fail: the change is made.
      audit(logger, by, { action: "create", kind: "topic", name });
      await this.#announce(name, given);
      return { created: true, topic };
    }
    const changed = changesOf(existing, given);
    // Announced also where it is what it should be: the answer to an earlier request may be lost.
    await this.#announce(name, given);
    if (changed.length === 0) return { created: false, topic: existing };
    const { layout: _same, ...change } = given;
    const topic = await exclusively(name, () => log.change(name, change));
    const fields = {
      retention_ms: topic.settings.retentionMs,
      retention_bytes: topic.settings.retentionBytes,
      schema: topic.settings.schema,
    };
    audit(logger, by, { action: "change", kind: "topic", name, fields });
    await this.#announce(name, given);
    return { created: false, topic };
  }

  /**
   * What `put` would change of a topic that exists. Throws what `put` throws, and `not_found`.
   */
  async changes(
    name: string,
    given: Partial<TopicSettings>,
    by: Caller,
  ): Promise<{ readonly topic: TopicInfo; readonly changed: readonly (keyof TopicChange)[] }> {
    this.#deps.rules.require(name, "create", by);
    const topic = await this.#deps.log.describe(name);
    if (topic === undefined) throw new Failure("not_found", `There is no topic "${name}"`);
    return { topic, changed: changesOf(topic, given) };
  }

  async #announce(name: string, { schema }: Partial<TopicSettings>): Promise<void> {
    if (schema !== undefined) await this.#deps.announceRule(name);
  }

  /** Throws `forbidden`, `not_found`. */
  async remove(name: string, by: Caller): Promise<void> {
    const { log, rules, quota, logger, announceRule, onRemoved } = this.#deps;
    rules.require(name, "remove", by);
    // Before the removal as well: a repeated request finds no topic, and announces nothing.
    if ((await log.describe(name)) !== undefined) await announceRule(name);
    await log.remove(name);
    quota.release();
    audit(logger, by, { action: "delete", kind: "topic", name });
    onRemoved?.(name);
    await announceRule(name);
  }

  /** Creates the topic as the log does, within the number of topics. */
  async create(name: string, settings: TopicSettings): Promise<TopicInfo> {
    const { log, quota } = this.#deps;
    await quota.admit(`Cannot create topic "${name}"`);
    try {
      return await log.create(name, settings);
    } catch (error) {
      quota.release();
      throw error;
    }
  }
}

/** Throws `conflict` where a member would change that cannot. */
function changesOf(
  { name, settings }: TopicInfo,
  given: Partial<TopicSettings>,
): readonly (keyof TopicChange)[] {
  const changed = differingSettings(settings, { ...settings, ...given });
  if (!changed.includes("layout")) return changed.filter((member) => member !== "layout");
  const message = `Cannot change the layout of topic "${name}" from ${settings.layout} to ${given.layout}: its records are stored in it. Create another topic with this layout, and copy the records to it by POST /v1/topics/${name}/copies`;
  throw new Failure("conflict", message, {
    errors: [{ field: "/layout", code: "conflict", message }],
  });
}
