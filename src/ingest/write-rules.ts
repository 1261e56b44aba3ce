/**
 * What may be written where, decided once for every protocol: HTTP, WebSocket, RPC, acks and simulated
 * guests all come through `Ingest` and `Collector`, which call `require`. Features declare their
 * internal topics here; the rules of no topic are known to a protocol.
 */

import { Failure } from "../core/failure.ts";
import type { RecordContract } from "../core/record-contract.ts";
import { parseName } from "../core/topic.ts";

export type TopicAction = "append" | "create" | "remove";

/**
 * A feature that writes in its own name; a call without an author is a caller's. It is recognised by
 * the object, because anyone can spell a name.
 */
export class Author {
  readonly feature: string;

  constructor(feature: string) {
    this.feature = feature;
  }
}

/** The rule of a topic that belongs to a feature. Only its owner creates and removes it. */
export interface InternalTopicRule {
  readonly owner: Author;
  /** Where callers append instead; undefined: to the topic itself, as far as its contract accepts it. */
  readonly appendedAt?: string;
  /** What each record must fulfil, in every protocol. */
  readonly contract?: RecordContract;
}

export class WriteRules {
  readonly #internal = new Map<string, InternalTopicRule>();

  /** Call this before the topic's first writer is opened, because a writer keeps the contract. */
  declare(topic: string, rule: InternalTopicRule): void {
    this.#internal.set(topic, rule);
  }

  isInternal(topic: string): boolean {
    return this.#internal.has(topic);
  }

  contract(topic: string): RecordContract | undefined {
    return this.#internal.get(topic)?.contract;
  }

  /**
   * The one question of all protocols: may `author`, or a caller, do this to the topic? Returns its
   * checked name. Throws `invalid` for text that is not a name, and `forbidden`.
   */
  require(topic: string, action: TopicAction, author?: Author): string {
    const name = parseName(topic, "topic");
    const rule = this.#internal.get(name);
    if (rule === undefined || rule.owner === author) return name;
    if (action === "append" && rule.appendedAt === undefined) return name;
    throw new Failure("forbidden", refusal(name, action, rule));
  }
}

function refusal(topic: string, action: TopicAction, { appendedAt }: InternalTopicRule): string {
  if (action === "append") {
    return `Cannot append to topic "${topic}": it is internal, expected appends at ${appendedAt}`;
  }
  return `Cannot ${action} topic "${topic}": it is internal, the gateway creates and keeps it`;
}
