/**
 * The schema rules of topics, as this node knows them. A topic's rule does not change within its
 * incarnation, so it is fetched once. An append returns the epoch of the incarnation that it went to:
 * the first one with another epoch has the rule fetched again, and so has a refusal.
 */

import type { Issue } from "../core/failure.ts";
import type { TopicAdmin } from "../core/log.ts";
import type { Position } from "../core/position.ts";
import type { MaybePromise, RecordChecks, SchemaRecord } from "../core/schemas.ts";
import type { SchemaRule } from "../core/topic.ts";

export interface SchemaGateDeps {
  readonly log: Pick<TopicAdmin, "describe">;
  readonly schemas: RecordChecks;
}

/** Evicting a rule costs one more query, so a modest bound is enough: about 100 bytes a topic. */
const topicsDefault = 10_000;

export class SchemaGate {
  readonly #deps: SchemaGateDeps;
  readonly #topicsMax: number;
  readonly #topics = new Map<string, TopicGate>();

  constructor(deps: SchemaGateDeps, topicsMax = topicsDefault) {
    this.#deps = deps;
    this.#topicsMax = topicsMax;
  }

  /** A returned TopicGate stays valid after this gate has evicted it. */
  topic(name: string): TopicGate {
    const known = this.#topics.get(name);
    if (known !== undefined) return known;
    for (const oldest of this.#topics.keys()) {
      if (this.#topics.size < this.#topicsMax) break;
      this.#topics.delete(oldest);
    }
    const gate = new TopicGate(this.#deps, name);
    this.#topics.set(name, gate);
    return gate;
  }
}

export class TopicGate {
  readonly #deps: SchemaGateDeps;
  readonly #topic: string;
  #isOpen = false;
  #rule: SchemaRule | undefined;
  #epoch: number | undefined;
  #fetching: Promise<SchemaRule> | undefined;

  constructor(deps: SchemaGateDeps, topic: string) {
    this.#deps = deps;
    this.#topic = topic;
  }

  /** Records pass unchecked. False also while the rule is not known: `check` fetches it. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /**
   * What is wrong with each record; undefined: nothing. Rejects where the log or the registry fails: a
   * record never passes unchecked.
   */
  check(records: readonly SchemaRecord[]): MaybePromise<readonly (Issue | undefined)[]> {
    if (this.#rule === undefined) return this.#fetched().then((rule) => this.#judge(rule, records));
    const issues = this.#judge(this.#rule, records);
    return issues instanceof Promise
      ? issues.then((found) => this.#confirm(found, records))
      : this.#confirm(issues, records);
  }

  /**
   * A refusal is of the topic's present incarnation: if all records were refused by the rule of an
   * earlier one, no append would ever find out that there is another.
   */
  #confirm(
    issues: readonly (Issue | undefined)[],
    records: readonly SchemaRecord[],
  ): MaybePromise<readonly (Issue | undefined)[]> {
    if (issues.every((issue) => issue === undefined)) return issues;
    const epoch = this.#epoch;
    return this.#fetched().then((rule) =>
      this.#epoch === epoch ? issues : this.#judge(rule, records),
    );
  }

  /** Must be called after every append: another incarnation of the topic may have another rule. */
  appended({ epoch }: Position): void {
    if (epoch === this.#epoch) return;
    this.#rule = undefined;
    this.#isOpen = false;
  }

  #fetched(): Promise<SchemaRule> {
    return (this.#fetching ??= this.#fetch());
  }

  async #fetch(): Promise<SchemaRule> {
    try {
      const topic = await this.#deps.log.describe(this.#topic);
      if (topic === undefined) {
        // The topic does not exist. The first append creates it; its rule is fetched then.
        this.#rule = undefined;
        this.#epoch = undefined;
        return "none";
      }
      this.#epoch = topic.bounds.epoch;
      this.#rule = topic.settings.schema;
      this.#isOpen = this.#rule === "none";
      return this.#rule;
    } finally {
      this.#fetching = undefined;
    }
  }

  #judge(
    rule: SchemaRule,
    records: readonly SchemaRecord[],
  ): MaybePromise<readonly (Issue | undefined)[]> {
    return rule === "none" ? records.map(() => undefined) : this.#deps.schemas.check(rule, records);
  }
}
