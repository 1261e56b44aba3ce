/**
 * The schema rules of topics, as this node knows them. A topic's settings do not change within its
 * life, so a rule is asked for once; an append tells which life it went to, so the first one that
 * goes to another life has the rule asked for anew.
 */
import type { Issue } from "../core/failure.ts";
import type { TopicAdmin } from "../core/log.ts";
import type { Position } from "../core/position.ts";
import type { Answers, RecordChecks, SchemaRecord } from "../core/schemas.ts";
import type { SchemaRule } from "../core/topic.ts";

export interface GateParts {
  readonly log: Pick<TopicAdmin, "describe">;
  readonly schemas: RecordChecks;
}

/** A rule that was dropped is a question more, so it may be few: a topic's is a hundred bytes. */
const topicsDefault = 10_000;

export class SchemaGate {
  readonly #parts: GateParts;
  readonly #topicsMax: number;
  readonly #topics = new Map<string, TopicGate>();

  constructor(parts: GateParts, topicsMax = topicsDefault) {
    this.#parts = parts;
    this.#topicsMax = topicsMax;
  }

  /** Whoever keeps it stays right, also once this gate has let go of it. */
  topic(name: string): TopicGate {
    const known = this.#topics.get(name);
    if (known !== undefined) return known;
    for (const oldest of this.#topics.keys()) {
      if (this.#topics.size < this.#topicsMax) break;
      this.#topics.delete(oldest);
    }
    const gate = new TopicGate(this.#parts, name);
    this.#topics.set(name, gate);
    return gate;
  }
}

export class TopicGate {
  readonly #parts: GateParts;
  readonly #topic: string;
  #isOpen = false;
  #rule: SchemaRule | undefined;
  #epoch: number | undefined;
  #asking: Promise<SchemaRule> | undefined;

  constructor(parts: GateParts, topic: string) {
    this.#parts = parts;
    this.#topic = topic;
  }

  /** Records pass as they are. False as well while the rule is not known: `check` asks for it. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /**
   * What is wrong with each record; undefined: nothing. Rejects with what the log and the registry
   * fail with: a record is never let through unchecked.
   */
  check(records: readonly SchemaRecord[]): Answers<Issue | undefined> {
    if (this.#rule !== undefined) return this.#judge(this.#rule, records);
    this.#asking ??= this.#ask();
    return this.#asking.then((rule) => this.#judge(rule, records));
  }

  /** To be told of every append: in another life a topic may have another rule. */
  appended({ epoch }: Position): void {
    if (epoch === this.#epoch) return;
    this.#rule = undefined;
    this.#isOpen = false;
  }

  async #ask(): Promise<SchemaRule> {
    try {
      const topic = await this.#parts.log.describe(this.#topic);
      // It comes to be by its first append, whose answer is the time to ask for its rule.
      if (topic === undefined) return "none";
      this.#epoch = topic.bounds.epoch;
      this.#rule = topic.settings.schema;
      this.#isOpen = this.#rule === "none";
      return this.#rule;
    } finally {
      this.#asking = undefined;
    }
  }

  #judge(rule: SchemaRule, records: readonly SchemaRecord[]): Answers<Issue | undefined> {
    return rule === "none"
      ? records.map(() => undefined)
      : this.#parts.schemas.check(rule, records);
  }
}
