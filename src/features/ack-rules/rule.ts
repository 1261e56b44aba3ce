/**
 * Ack rules: once an id has been seen in every place of a rule, one ack is appended to the rule's
 * output topic; an id that is not seen everywhere by its deadline is overdue. What rules are, and
 * the ports that keep them and what they have seen.
 */
import type { Position } from "../../core/position.ts";

/** Where the id of a record is. `pointer` (RFC 6901) and `field` lead to a text or an integer. */
export type IdAt =
  { readonly key: true } | { readonly pointer: string } | { readonly field: string };

/** In each of several topics, or as each of several lifecycle events (of one application, or any). */
export type AckPlaces =
  | { readonly topics: readonly string[]; readonly id: IdAt }
  | { readonly events: readonly string[]; readonly appId: string | undefined };

export interface AckRuleConfig {
  readonly name: string;
  readonly places: AckPlaces;
  /** The topic that acks are appended to; overdue ids are told in `overdueTopic(output)`. */
  readonly output: string;
  /** After its first sighting an id has this long; undefined: for ever. */
  readonly deadlineMs: number | undefined;
  /** How long an id is remembered once nothing new is to come of it. */
  readonly keepMs: number;
  /** Whether the rule sees what its topics held before it was made. */
  readonly from: "now" | "earliest";
}

export interface AckRule extends AckRuleConfig {
  readonly number: number;
  /** A UUID of its own for each life: a rule that is removed and made again is another one. */
  readonly life: string;
  readonly madeMs: number;
}

export const keepMsDefault = 24 * 60 * 60 * 1000;
/** A place is a bit of work for every row and every ack; nobody has shown a need for more. */
export const placesMax = 32;
export const ackIdBytesMax = 512;

/** Names of the rule's places, in the order in which sightings are kept. */
export function placeNames({ places }: AckRuleConfig): readonly string[] {
  return "topics" in places ? places.topics : places.events;
}

/** Where a rule's overdue ids are told, under the rule's name as key. */
export function overdueTopic(output: string): string {
  return `${output}.overdue`;
}

export const ackIdStates = ["open", "overdue", "complete"] as const;
export type AckIdState = (typeof ackIdStates)[number];

/** What is known of one id. */
export interface AckId {
  readonly id: string;
  readonly state: AckIdState;
  /** For each place the first sighting, nanoseconds since the Unix epoch; undefined: none yet. */
  readonly seen: readonly (bigint | undefined)[];
  /** When the sweep has to look at it: at its deadline, later to forget it. */
  readonly nextMs: number;
  /** The deadline that it missed; undefined unless it is overdue. */
  readonly overdueMs: number | undefined;
}

export const announcementStates = ["complete", "overdue", "resolved", "forgotten"] as const;
/** `resolved`: an overdue id that was completed; `forgotten`: one that never was. */
export type AnnouncementState = (typeof announcementStates)[number];

/** A record that is yet to be appended. Acks and notices (all the others) are numbered apart. */
export interface Announcement {
  /** From 1 without gaps, as the log's idempotent producers want it. */
  readonly n: number;
  readonly id: string;
  readonly state: AnnouncementState;
  /** The last sighting came after the deadline. */
  readonly late: boolean;
  readonly seen: readonly (bigint | undefined)[];
}

export interface AckCounts {
  /** Ids acknowledged, ever. */
  readonly complete: number;
  /** Of these, after their deadline. */
  readonly late: number;
  /** Now. */
  readonly open: number;
  readonly overdue: number;
  /** Ids dropped without ever being complete. */
  readonly forgotten: number;
  /** Sightings of what had been seen there already. */
  readonly duplicates: number;
  /** Records of the rule's topics in which there was no id. */
  readonly withoutId: number;
}

/** What moves with every commit of a rule. */
export interface AckLedger {
  /** Announcements numbered so far. */
  readonly acks: number;
  readonly notices: number;
  readonly counts: AckCounts;
}

/** Acks by their delay, in the buckets of the histogram that made it. */
export type DelayCounts = Readonly<Record<string, number>>;

/** A rule as its owner finds it. */
export interface AckState extends AckLedger {
  /** Counts the commits: of two owners, one finds that it has moved. */
  readonly version: number;
  /** Of the producer that appends the announcements. */
  readonly epoch: number;
  readonly delays: DelayCounts;
  /** Of topics that were read; others are read from their beginning. */
  readonly positions: ReadonlyMap<string, Position>;
}

export interface AckCommit extends AckLedger {
  readonly rule: number;
  /** What the commit was made on. */
  readonly version: number;
  /** Those that moved. */
  readonly positions: ReadonlyMap<string, Position>;
  readonly written: readonly AckId[];
  readonly dropped: readonly string[];
  readonly announced: readonly Announcement[];
}

/** Announcements that the log has, up to these numbers; `delays` has those of all acks so far. */
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

/** The rules, and what people ask of them. Every method throws `unavailable` without the store. */
export interface AckRuleStore {
  /** Makes it unless the name is taken; then gives what stands. */
  create(
    rule: AckRuleConfig,
    positions: ReadonlyMap<string, Position>,
  ): Promise<{ readonly created: boolean; readonly rule: AckRule }>;
  get(name: string): Promise<AckRule | undefined>;
  /** By name. */
  list(): Promise<readonly AckRule[]>;
  /** From now on it is not there, and its owner's next commit fails. False when it was not there. */
  remove(name: string): Promise<boolean>;
  /** Drops some of what removed rules have left; false when there is nothing more. */
  purge(): Promise<boolean>;
  counts(rule: number): Promise<{ readonly counts: AckCounts; readonly delays: DelayCounts }>;
  overdue(rule: number, query: OverdueQuery): Promise<readonly AckId[]>;
  find(rule: number, ids: readonly string[]): Promise<readonly AckId[]>;
}

/** The half that a rule's owner works with. */
export interface AckLedgerStore {
  /** Undefined when the rule was removed. */
  open(rule: number): Promise<AckState | undefined>;
  find(rule: number, ids: readonly string[]): Promise<readonly AckId[]>;
  /** Ids that the sweep has to look at, up to this time, the earliest first. */
  due(rule: number, untilMs: number, limit: number): Promise<readonly AckId[]>;
  /** All of it or nothing. Throws `conflict` when the version has moved, or the rule is gone. */
  commit(commit: AckCommit): Promise<void>;
  /** Announcements not known to be in the log, by number. */
  outbox(
    rule: number,
    of: "acks" | "notices",
    after: number,
    limit: number,
  ): Promise<readonly Announcement[]>;
  /** Drops announcements that the log has. Throws `conflict` as `commit`. */
  sent(sent: AckSent): Promise<void>;
  /** One more than `epoch`, unless another owner was faster; gives what stands. */
  raiseEpoch(rule: number, epoch: number): Promise<number>;
}
