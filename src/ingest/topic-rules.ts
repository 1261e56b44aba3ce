/**
 * What may be done with which topic, and by whom: decided once for every protocol. HTTP, WebSocket, RPC,
 * acks and simulated guests all append through `Ingest` and `Collector`, which call `require`; what
 * reads a topic for a caller calls `requireRead` first. Features declare their internal topics here; the
 * rules of no topic are known to a protocol.
 */

import type { Caller } from "../core/access/caller.ts";
import type { Action, ResourceKind } from "../core/access/grant.ts";
import { Failure } from "../core/failure.ts";
import type { RecordContract } from "../core/record-contract.ts";
import { parseName } from "../core/topic.ts";

/** What changes a topic. */
export type TopicAction = "append" | "create" | "remove";

/**
 * A feature that writes in its own name: what it writes for a caller, it has asked that caller for. It
 * is recognised by the object, because anyone can spell a name.
 */
export class Author {
  readonly feature: string;
  /** For whom it writes, and whose limits count; undefined: for itself. */
  readonly caller: Caller | undefined;
  readonly #self: Author;

  constructor(feature: string, caller?: Caller, self?: Author) {
    this.feature = feature;
    this.caller = caller;
    this.#self = self ?? this;
  }

  /** The same feature on behalf of this caller, whose right it has checked. */
  for(caller: Caller): Author {
    return new Author(this.feature, caller, this.#self);
  }

  is(other: Author | Caller): boolean {
    return other instanceof Author && other.#self === this.#self;
  }
}

/** Whose limits count for what is written; undefined: nobody's. */
export function payerOf(by: Author | Caller): Caller | undefined {
  return by instanceof Author ? by.caller : by;
}

/** The rule of a topic that belongs to a feature. Only its owner creates and removes it. */
export interface InternalTopicRule {
  readonly owner: Author;
  /** What its records are about: who may read or append those may do so here. */
  readonly contains: TopicContent;
  /** Where callers append instead; undefined: to the topic itself, as far as its contract accepts it. */
  readonly appendedAt?: string;
  /** What each record must fulfil, in every protocol. */
  readonly contract?: RecordContract;
}

export interface TopicContent {
  readonly kind: ResourceKind;
  /** Whether a record's key names one of them; otherwise a key's records may be about any. */
  readonly isKey: boolean;
}

const grantOf = { append: "append", create: "manage", remove: "manage" } as const satisfies Record<
  TopicAction,
  Action
>;

export class TopicRules {
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
   * Whether this feature or caller may change the topic so. Returns its checked name. An append needs
   * the same grant whether or not it creates the topic. One to an internal topic needs the right to
   * append to everything that it contains, because its records name what they are about.
   *
   * Throws `invalid` for text that is not a name, `forbidden`, and `unauthenticated`.
   */
  require(topic: string, action: TopicAction, by: Author | Caller): string {
    const name = parseName(topic, "topic");
    const rule = this.#internal.get(name);
    if (!(by instanceof Author)) requireOf(by, grantOf[action], name, rule);
    if (rule === undefined || rule.owner.is(by)) return name;
    if (action === "append" && rule.appendedAt === undefined) return name;
    throw new Failure("forbidden", refusal(name, action, rule));
  }

  /**
   * The same for reading the topic, or those of its records that have the key: pages, streams, its
   * settings and its bounds.
   */
  requireRead(topic: string, key: string | undefined, caller: Caller): string {
    const name = parseName(topic, "topic");
    const rule = this.#internal.get(name);
    if (rule?.contains.isKey === true && key !== undefined) {
      caller.require("read", rule.contains.kind, key);
    } else requireOf(caller, "read", name, rule);
    return name;
  }

  /** Whether a list of topics shows it to the caller. */
  mayRead(topic: string, caller: Caller): boolean {
    const rule = this.#internal.get(topic);
    if (rule === undefined) return caller.may("read", "topic", topic);
    return caller.mayAll("read", rule.contains.kind);
  }
}

function requireOf(
  caller: Caller,
  action: Action,
  topic: string,
  rule: InternalTopicRule | undefined,
): void {
  // Everybody may know that an internal topic exists, and nobody can change it but its owner.
  if (rule === undefined || action === "manage") caller.require(action, "topic", topic);
  else caller.requireAll(action, rule.contains.kind);
}

function refusal(topic: string, action: TopicAction, { appendedAt }: InternalTopicRule): string {
  if (action === "append") {
    return `Cannot append to topic "${topic}": it is internal, expected appends at ${appendedAt}`;
  }
  return `Cannot ${action} topic "${topic}": it is internal, the gateway creates and keeps it`;
}
