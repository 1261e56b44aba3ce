/**
 * Ack rules: as soon as an id has been seen in every place of a rule, one ack is appended to the
 * rule's output topic. An id that has not been seen everywhere by its deadline is overdue. Here are
 * the types of a rule and its ids, and the ports of the store that keeps both.
 */

import type { Principal } from "../../core/access/caller.ts";
import type { Position } from "../../core/position.ts";

/** The place of the id in a record. `pointer` (RFC 6901) and `field` lead to a text or an integer. */
export type IdAt =
  { readonly key: true } | { readonly pointer: string } | { readonly field: string };

/** Several topics, or several lifecycle events (of one application, or of any). */
export type AckPlaces =
  | { readonly topics: readonly string[]; readonly id: IdAt }
  | { readonly events: readonly string[]; readonly appId: string | undefined };

export interface AckRuleConfig {
  readonly name: string;
  readonly places: AckPlaces;
  /** The topic that acks are appended to; notices of overdue ids go to `overdueTopic(output)`. */
  readonly output: string;
  /** The time that an id has after its first occurrence; undefined: unlimited. */
  readonly deadlineMs: number | undefined;
  /** How long an id is kept after the rule has finished with it. */
  readonly keepMs: number;
  /** Whether the rule reads the records that were in its topics before it was created. */
  readonly from: "now" | "earliest";
}

export interface AckRule extends AckRuleConfig {
  readonly number: number;
  /** UUID of this incarnation: a rule that is removed and recreated gets another one. */
  readonly life: string;
  readonly madeMs: number;
  /** With whose rights it acts; undefined: it was created where there was no access control. */
  readonly creator: Principal | undefined;
}

export const keepMsDefault = 24 * 60 * 60 * 1000;
/** Each place adds work to every row and every ack, and nobody has needed more. */
export const placesMax = 32;
export const ackIdBytesMax = 512;

/** Names of the rule's places, in the order of `AckId.seen`. */
export function placeNames({ places }: AckRuleConfig): readonly string[] {
  return "topics" in places ? places.topics : places.events;
}

/** The topic of a rule's notices, which have the rule's name as key. */
export function overdueTopic(output: string): string {
  return `${output}.overdue`;
}

export const ackIdStates = ["open", "overdue", "complete"] as const;
export type AckIdState = (typeof ackIdStates)[number];

/** The state of one id. */
export interface AckId {
  readonly id: string;
  readonly state: AckIdState;
  /** The first occurrence in each place, nanoseconds since the Unix epoch; undefined: none yet. */
  readonly seen: readonly (bigint | undefined)[];
  /** When the sweep must look at it: first at its deadline, later to drop it. */
  readonly nextMs: number;
  /** The deadline that it missed; undefined unless it is overdue. */
  readonly overdueMs: number | undefined;
}

export const announcementStates = ["complete", "overdue", "resolved", "forgotten"] as const;
/** `resolved`: an overdue id that was completed; `forgotten`: one that was dropped incomplete. */
export type AnnouncementState = (typeof announcementStates)[number];

/** A record to append. Acks and notices, which are all other announcements, have separate numbers. */
export interface Announcement {
  /** From 1 without gaps, as the log's idempotent producers require. */
  readonly n: number;
  readonly id: string;
  readonly state: AnnouncementState;
  /** The last occurrence came after the deadline. */
  readonly late: boolean;
  readonly seen: readonly (bigint | undefined)[];
}

export interface AckCounts {
  /** Number of ids acknowledged so far. */
  readonly complete: number;
  /** Number of ids acknowledged after their deadline. */
  readonly late: number;
  /** Number of ids that are open now. */
  readonly open: number;
  readonly overdue: number;
  /** Number of ids dropped incomplete. */
  readonly forgotten: number;
  /** Number of occurrences in a place where the id had been seen before. */
  readonly duplicates: number;
  /** Number of records in the rule's topics without an id. */
  readonly withoutId: number;
}

/** The state of a rule that changes with every commit. */
export interface AckLedger {
  /** Number of announcements so far. */
  readonly acks: number;
  readonly notices: number;
  readonly counts: AckCounts;
}

/** Number of acks by bucket of delay, see `Delays`. */
export type DelayCounts = Readonly<Record<string, number>>;

/** The state of a rule when an owner opens it. */
export interface AckState extends AckLedger {
  /** Number of commits. It fences owners: a commit on an outdated version fails. */
  readonly version: number;
  /** The epoch of the producer that appends the announcements. */
  readonly epoch: number;
  readonly delays: DelayCounts;
  /** Positions of the topics read so far; all others are read from their beginning. */
  readonly positions: ReadonlyMap<string, Position>;
}

export interface AckCommit extends AckLedger {
  readonly rule: number;
  /** The version that the commit builds on. */
  readonly version: number;
  /** The positions that changed. */
  readonly positions: ReadonlyMap<string, Position>;
  readonly written: readonly AckId[];
  readonly dropped: readonly string[];
  readonly announced: readonly Announcement[];
}

/** The log has the announcements up to these numbers; `delays` covers all acks so far. */
export interface AckSent {
  readonly rule: number;
  readonly version: number;
  readonly acks: number;
  readonly notices: number;
  readonly delays: DelayCounts;
}

/** A page of overdue ids, the longest overdue first. */
export interface OverdueQuery {
  readonly after: { readonly overdueMs: number; readonly id: string } | undefined;
  readonly limit: number;
}

/** The rules, and the queries about them. Every method throws `unavailable` without the store. */
export interface AckRuleStore {
  /** Creates the rule unless the name is taken, in which case it returns the existing rule. */
  create(
    rule: AckRuleConfig,
    positions: ReadonlyMap<string, Position>,
    creator?: Principal,
  ): Promise<{ readonly created: boolean; readonly rule: AckRule }>;
  /** From now on it acts with the rights of another creator. */
  adopt(rule: number, creator: Principal | undefined): Promise<void>;
  get(name: string): Promise<AckRule | undefined>;
  /** By name. */
  list(): Promise<readonly AckRule[]>;
  /** Removes the rule, so that its owner's next commit fails. False when it did not exist. */
  remove(name: string): Promise<boolean>;
  /** Drops a part of the rows that removed rules have left; false when none are left. */
  purge(): Promise<boolean>;
  counts(rule: number): Promise<{ readonly counts: AckCounts; readonly delays: DelayCounts }>;
  overdue(rule: number, query: OverdueQuery): Promise<readonly AckId[]>;
  find(rule: number, ids: readonly string[]): Promise<readonly AckId[]>;
}

/** The part of the store that a rule's owner uses. */
export interface AckLedgerStore {
  /** Undefined when the rule was removed. */
  open(rule: number): Promise<AckState | undefined>;
  find(rule: number, ids: readonly string[]): Promise<readonly AckId[]>;
  /** Ids whose `nextMs` is at most `untilMs`, the earliest first. */
  due(rule: number, untilMs: number, limit: number): Promise<readonly AckId[]>;
  /** Atomic. Throws `conflict` when the version has changed or the rule is gone. */
  commit(commit: AckCommit): Promise<void>;
  /** Announcements not known to be in the log, by number. */
  outbox(
    rule: number,
    of: "acks" | "notices",
    after: number,
    limit: number,
  ): Promise<readonly Announcement[]>;
  /** Drops announcements that the log has. Throws `conflict` like `commit`. */
  sent(sent: AckSent): Promise<void>;
  /** Raises the epoch by one unless another owner has done so; returns the current epoch. */
  raiseEpoch(rule: number, epoch: number): Promise<number>;
}
