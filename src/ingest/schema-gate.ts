/**
 * The schema rules of topics, as this node knows them. A rule is fetched once, and again after
 * `forget`, which is called on every node when somebody changes it. An append returns the epoch of the
 * incarnation that it went to: the first one with another epoch has the rule fetched again, and so has
 * a refusal.
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
  readonly #forgotten = { count: 0 };

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
      this.#topics.get(oldest)?.evict(this.#forgotten);
      this.#topics.delete(oldest);
    }
    const gate = new TopicGate(this.#deps, name);
    this.#topics.set(name, gate);
    return gate;
  }

  /** The topic's rule may be another one now. */
  forget(name: string): void {
    this.#topics.get(name)?.forget();
    this.#forgotten.count++;
  }

  /** The same of every topic. */
  forgetAll(): void {
    for (const gate of this.#topics.values()) gate.forget();
    this.#forgotten.count++;
  }
}

export class TopicGate {
  readonly #deps: SchemaGateDeps;
  readonly #topic: string;
  #isOpen = false;
  #rule: SchemaRule | undefined;
  #epoch: number | undefined;
  #fetching: Promise<SchemaRule> | undefined;
  /** Rises whenever what is known, or is being fetched, counts no more. */
  #version = 0;
  /** Once the gate is evicted, no `forget` reaches it: it forgets its rule when any rule is forgotten. */
  #evicted: { readonly from: { readonly count: number }; seen: number } | undefined;

  constructor(deps: SchemaGateDeps, topic: string) {
    this.#deps = deps;
    this.#topic = topic;
  }

  /** Records pass unchecked. False also while the rule is not known: `check` fetches it. */
  get isOpen(): boolean {
    if (this.#evicted !== undefined) this.#lookAround(this.#evicted);
    return this.#isOpen;
  }

  /** The rule may be another one now. What is being checked at this moment passes by the old one. */
  forget(): void {
    this.#rule = undefined;
    this.#isOpen = false;
    this.#fetching = undefined;
    this.#version++;
  }

  /** `from`: counts the rules that were forgotten. */
  evict(from: { readonly count: number }): void {
    this.#evicted = { from, seen: from.count };
  }

  #lookAround(evicted: { readonly from: { readonly count: number }; seen: number }): void {
    if (evicted.seen === evicted.from.count) return;
    evicted.seen = evicted.from.count;
    this.forget();
  }

  /**
   * What is wrong with each record; undefined: nothing. Rejects where the log or the registry fails: a
   * record never passes unchecked. `isStored`: whether those that are right will be appended.
   */
  check(
    records: readonly SchemaRecord[],
    isStored = true,
  ): MaybePromise<readonly (Issue | undefined)[]> {
    if (this.#evicted !== undefined) this.#lookAround(this.#evicted);
    if (this.#rule === undefined) {
      return this.#fetched().then((rule) => this.#judge(rule, records, isStored));
    }
    const by = { rule: this.#rule, epoch: this.#epoch };
    const issues = this.#judge(by.rule, records, isStored);
    return issues instanceof Promise
      ? issues.then((found) => this.#confirm(found, by, records, isStored))
      : this.#confirm(issues, by, records, isStored);
  }

  /**
   * A refusal is by the present rule: if all records were refused by that of an earlier incarnation, no
   * append would ever find out that there is another. A rule that was loosened counts at once.
   */
  #confirm(
    issues: readonly (Issue | undefined)[],
    by: { readonly rule: SchemaRule; readonly epoch: number | undefined },
    records: readonly SchemaRecord[],
    isStored: boolean,
  ): MaybePromise<readonly (Issue | undefined)[]> {
    if (issues.every((issue) => issue === undefined)) return issues;
    return this.#fetched().then((rule) =>
      this.#epoch === by.epoch && rule === by.rule ? issues : this.#judge(rule, records, isStored),
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
    const version = this.#version;
    try {
      const topic = await this.#deps.log.describe(this.#topic);
      // What it says may be older than the change that made this gate forget.
      if (version !== this.#version) return await this.#fetched();
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
      if (version === this.#version) this.#fetching = undefined;
    }
  }

  #judge(
    rule: SchemaRule,
    records: readonly SchemaRecord[],
    isStored: boolean,
  ): MaybePromise<readonly (Issue | undefined)[]> {
    if (rule === "none") return records.map(() => undefined);
    return this.#deps.schemas.check(rule, records, isStored ? this.#topic : undefined);
  }
}
