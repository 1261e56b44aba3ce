/**
 * Topics as callers and features create, change and remove them: by the write rules, and within the
 * number of topics that there may be. Appends that create their topic come here as well.
 */

import { audit } from "../core/access/audit.ts";
import type { Caller } from "../core/access/caller.ts";
import type { Quota } from "../core/budget/quota.ts";
import type { LogDriver, TopicInfo } from "../core/log.ts";
import type { Logger } from "../core/logger.ts";
import { differingSettings, type TopicSettings } from "../core/topic.ts";
import type { TopicRules } from "./topic-rules.ts";

export interface TopicsDeps {
  readonly log: Pick<LogDriver, "create" | "describe" | "remove" | "retain">;
  readonly rules: TopicRules;
  readonly quota: Quota;
  readonly logger: Logger;
  /** Settings of a topic whose creator leaves them out. */
  readonly newTopics: TopicSettings;
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
   * Creates the topic for a caller, or changes its retention. Members that are left out are those of the
   * existing topic, else the defaults. Throws `forbidden`; `conflict` where another member would have
   * to change; `overloaded` past the number of topics.
   */
  async put(name: string, given: Partial<TopicSettings>, by: Caller): Promise<PutTopic> {
    const { log, rules, newTopics, logger } = this.#deps;
    rules.require(name, "create", by);
    const existing = await log.describe(name);
    if (existing === undefined) {
      by.allowance?.create("topics");
      const topic = await this.create(name, { ...newTopics, ...given });
      audit(logger, by, { action: "create", kind: "topic", name });
      return { created: true, topic };
    }
    const settings = { ...existing.settings, ...given };
    const changed = differingSettings(existing.settings, settings);
    const isRetention = changed.every((member) => member.startsWith("retention"));
    if (changed.length > 0 && isRetention) {
      const topic = await log.retain(name, settings);
      const fields = {
        retention_ms: settings.retentionMs,
        retention_bytes: settings.retentionBytes,
      };
      audit(logger, by, { action: "change", kind: "topic", name, fields });
      return { created: false, topic };
    }
    return { created: false, topic: await log.create(name, settings) };
  }

  /** Throws `forbidden`, `not_found`. */
  async remove(name: string, by: Caller): Promise<void> {
    const { log, rules, quota, logger } = this.#deps;
    await log.remove(rules.require(name, "remove", by));
    quota.release();
    audit(logger, by, { action: "delete", kind: "topic", name });
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
