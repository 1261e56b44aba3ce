/** What nodes know of themselves and of one another. */

/** One span of ten seconds of a node. Rates are per second. */
export interface Point {
  readonly recordsIn: number;
  readonly bytesIn: number;
  readonly recordsOut: number;
  readonly bytesOut: number;
  readonly subscribers: number;
  /** Of the projection of this node that is furthest behind, in seconds; null: it owns none. */
  readonly lagS: number | null;
  /** Log entries that projections of this node have not committed; null: it owns none. */
  readonly lagEntries: number | null;
  /** Requests and records that were refused, by failure code; codes without any are left out. */
  readonly refused: Readonly<Record<string, number>>;
  readonly memoryBytes: number;
  /** 99 of 100 timers of the event loop were late by at most this. */
  readonly loopDelayMs: number;
}

export const problemKinds = [
  "store_away",
  "log_away",
  "appends_fail",
  "projection_behind",
  "projection_fails",
  "rule_stopped",
  "rule_behind",
  "topic_refuses",
  "near_bound",
  "slow_subscribers",
  "node_silent",
  "clock_differs",
] as const;
export type ProblemKind = (typeof problemKinds)[number];

export const concernKinds = ["topic", "rule", "node", "projection"] as const;

/** What a problem is about, so that a page can link to it. */
export interface Concern {
  readonly kind: (typeof concernKinds)[number];
  readonly name: string;
}

export interface Problem {
  readonly kind: ProblemKind;
  readonly about: Concern;
  /** A sentence for people. */
  readonly message: string;
  /** Since when, in ms since 1970, as far as the node that found it knows. */
  readonly sinceMs: number;
  /** The topic that the message says something about: only who may read it is shown the problem. */
  readonly topic?: string | undefined;
}

/** A projection of this node, or an ack rule and one of its topics. */
export interface OwnedProjection {
  readonly name: string;
  readonly topic: string;
  readonly lagMs: number;
  /** Ten seconds ago. */
  readonly lagBeforeMs: number;
  readonly position: string | undefined;
}

/** What a node says of itself every ten seconds. */
export interface NodeState {
  readonly version: string;
  readonly runtime: string;
  readonly log: string;
  /** Host name and port: the same for the process that comes after this one in its place. */
  readonly place: string;
  readonly memoryBytes: number;
  readonly guests: number;
  readonly subscribers: number;
  /** Names that this node alone works on. */
  readonly owns: readonly string[];
  readonly projections: readonly OwnedProjection[];
  /** Undefined: a node of an older release. */
  readonly rules?: readonly OwnedProjection[];
  /** Subscriptions by topic; those with the most, where there are many topics. */
  readonly readers: Readonly<Record<string, number>>;
  readonly problems: readonly Problem[];
}

export interface NodeRow {
  readonly node: string;
  readonly startedMs: number;
  readonly seenMs: number;
  readonly isStopped: boolean;
  readonly state: NodeState;
}

/** `silent`: it does not say anything any more, and did not stop. */
export const nodeConditions = ["serving", "silent", "stopped"] as const;
export type NodeCondition = (typeof nodeConditions)[number];

export interface KnownNode extends NodeRow {
  readonly condition: NodeCondition;
}

export interface PointRow {
  readonly node: string;
  readonly atMs: number;
  readonly point: Point;
}

/** What is in the store of all nodes. */
export interface NodeStore {
  /** Writes what this node says of itself, and its points that are not there yet. */
  write(row: Omit<NodeRow, "seenMs">, points: readonly PointRow[]): Promise<void>;
  /** Nodes that were seen within the last hour. */
  nodes(): Promise<readonly NodeRow[]>;
  points(sinceMs: number, node: string | undefined): Promise<readonly PointRow[]>;
  /** Drops what is older than an hour. */
  prune(nowMs: number): Promise<void>;
}

export const everyMs = 10_000;
/** An hour. */
export const pointsMax = 360;
/** Two missed words, and time to be late. */
export const silentMs = 25_000;
/** More nodes than this are not shown. */
export const nodesMax = 64;
