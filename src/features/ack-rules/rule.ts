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
  /** Number of changes of its configuration. */
  readonly revision: number;
  /** For each place, its index in the stored sightings of an id: it stays while others come and go. */
  readonly slots: readonly number[];
  /** A configuration that it gets once the acks of the present one are in the log. */
  readonly change: AckRuleConfig | undefined;
}

/** What is needed to read and write the rule's ids. */
export type KeptRule = Pick<AckRule, "number" | "slots">;

/** A requested change of a rule. */
export interface AckChange {
  readonly config: AckRuleConfig;
  readonly creator: Principal | undefined;
  /** Where reading of the added topics begins. */
  readonly positions: ReadonlyMap<string, Position>;
}

/** How far the ids of a rule follow its latest change. */
export interface Settling {
  /** All ids up to this one do. */
  readonly after: string;
  /** `keepMs` before the change. */
  readonly keepMs: number;
}

/** An id whose sightings may include places that the rule no longer has. */
export interface UnsettledId extends AckId {
  /** Its last occurrence in any place, milliseconds since the Unix epoch; undefined: none. */
  readonly lastMs: number | undefined;
  /** It has sightings in removed places. */
  readonly isStale: boolean;
}

/** What a change does to the ids that are open or overdue. */
export interface ChangeEffects {
  /** Number of ids looked at; the figures are of these. */
  readonly counted: number;
  /** There are more ids than `counted`. */
  readonly more: boolean;
  /** For each removed place, the ids whose sighting there is forgotten. */
  readonly sightings: ReadonlyMap<string, number>;
  /** Ids that are forgotten, because they were seen in removed places alone. */
  readonly forgotten: number;
  /** Ids that get an ack, because they miss removed places alone. */
  readonly completed: number;
  /** Ids that go on, and for each added place miss it as well. */
  readonly waiting: number;
  /** Ids past the changed deadline that are not overdue yet. */
  readonly overdue: number;
  /** Overdue ids that have time left under the changed deadline. */
  readonly reopened: number;
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

export const announcementStates = [
  "complete",
  "overdue",
  "resolved",
  "forgotten",
  "reopened",
] as const;
/**
 * `resolved`: an overdue id that was completed; `forgotten`: one that was dropped incomplete;
 * `reopened`: one that has time left since the rule's deadline was changed.
 */
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
  /** The rule as it is at this version. */
  readonly rule: AckRule;
  /** Undefined: every id follows the rule's configuration. */
  readonly settling: Settling | undefined;
}

export interface AckCommit extends AckLedger {
  readonly rule: KeptRule;
  /** The version that the commit builds on. */
  readonly version: number;
  /** The positions that changed. */
  readonly positions: ReadonlyMap<string, Position>;
  readonly written: readonly AckId[];
  readonly dropped: readonly string[];
  readonly announced: readonly Announcement[];
  /** Left out: as it was. */
  readonly settling?: Settling | "done";
}

/** The log has the announcements up to these numbers; `delays` covers all acks so far. */
export interface AckSent {
  readonly rule: number;
  readonly version: number;
  readonly acks: number;
  readonly notices: number;
  readonly delays: DelayCounts;
}

/** What is stored of a rule's ids. */
export interface StoredStats {
  readonly counts: AckCounts;
  readonly delays: DelayCounts;
  /** The 100 that are overdue for longest. */
  readonly overdueIds: readonly string[];
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
  /** Requests a change, in place of an earlier one; undefined withdraws it. */
  change(rule: number, change: AckChange | undefined): Promise<void>;
  effects(rule: AckRule, config: AckRuleConfig, nowMs: number): Promise<ChangeEffects>;
  /** Removes the rule, so that its owner's next commit fails. False when it did not exist. */
  remove(name: string): Promise<boolean>;
  /** Drops a part of the rows that removed rules have left; false when none are left. */
  purge(): Promise<boolean>;
  /** All as of one moment. */
  stats(rule: number): Promise<StoredStats>;
  find(rule: KeptRule, ids: readonly string[]): Promise<readonly AckId[]>;
}

/** The part of the store that a rule's owner uses. */
export interface AckLedgerStore {
  /** Undefined when the rule was removed. */
  open(rule: number): Promise<AckState | undefined>;
  find(rule: KeptRule, ids: readonly string[]): Promise<readonly AckId[]>;
  /** Ids whose `nextMs` is at most `untilMs`, the earliest first. */
  due(rule: KeptRule, untilMs: number, limit: number): Promise<readonly AckId[]>;
  /** The next ids after one, whatever their state, in their order. */
  walk(rule: KeptRule, after: string, limit: number): Promise<readonly UnsettledId[]>;
  /**
   * Makes the requested change, unless acks of the present configuration are not known to be in the
   * log, or an earlier change is not settled: "waiting". "none": no change is requested.
   */
  applyChange(rule: number): Promise<"applied" | "waiting" | "none">;
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
