/** Emitters: resources made by PUT, each with its own stream; and the ports that keep them. */
import type { Position } from "./position.ts";
import type { StoredRecord } from "./record.ts";

/** All emitters share one topic; an emitter's records carry its id as their key. */
export const emittersTopic = "emitters";

/** `guest`: Sluice simulates an instance that writes its log. `external`: others append. */
export type EmitterSource = "guest" | "external";
export const emitterSources = ["guest", "external"] as const satisfies readonly EmitterSource[];

export interface Emitter {
  readonly id: string;
  readonly source: EmitterSource;
  /** The guest's events per second; 0 when the source is external. */
  readonly rate: number;
  readonly createdMs: number;
  readonly endedMs: number | undefined;
  /** Its end record, once that is known. */
  readonly end: Position | undefined;
}

/** What the projection knows of an emitter's stream. */
export interface EmitterStats {
  /** The node that runs its guest. */
  readonly node: string | undefined;
  /** Events that were ever projected, dropped ones included. */
  readonly events: number;
  readonly last: { readonly position: Position; readonly timeNs: bigint } | undefined;
}

export interface EmitterStore {
  /** Makes it unless the id is taken; then gives what stands. `node` runs its guest from now on. */
  create(
    emitter: { readonly id: string; readonly source: EmitterSource; readonly rate: number },
    node: string | undefined,
  ): Promise<{ readonly created: boolean; readonly emitter: Emitter }>;
  get(id: string): Promise<Emitter | undefined>;
  stats(id: string): Promise<EmitterStats>;
  /** By id, those after `after`. */
  list(options: {
    readonly after?: string;
    readonly limit: number;
    readonly ended: boolean;
  }): Promise<readonly Emitter[]>;
  /** Marks it as ended, once; gives it as it then stands. */
  end(id: string): Promise<Emitter | undefined>;
  /** Keeps where the end record is. */
  setEnd(id: string, position: Position): Promise<void>;
  /** Ids that ended within the last `withinMs`. */
  endedWithin(withinMs: number): Promise<readonly string[]>;
  /** Ids marked as ended at least `olderThanMs` ago whose end record is nowhere known. */
  unfinishedEnds(olderThanMs: number, limit: number): Promise<readonly string[]>;
}

/**
 * `spent`: others freed the node's guests because its lease had run out, and the name with them.
 * `held`: it stands; `free`: it stands, and there are guests that nobody runs.
 */
export type Renewed = "spent" | "held" | "free";

/** Which node runs which guest. One lease a node, by the store's clock; a dead node's guests are free. */
export interface GuestLeases {
  /** Begins the lease of a node name that was never used before. */
  join(node: string, leaseMs: number): Promise<void>;
  /** Renews it, and frees the guests of nodes whose lease has run out. */
  renew(node: string, leaseMs: number): Promise<Renewed>;
  /** Takes guests that nobody runs. */
  claim(node: string, limit: number): Promise<readonly Emitter[]>;
  /** What the node has; for when the answer to `claim` or `create` was lost. */
  owned(node: string): Promise<readonly Emitter[]>;
  /** Hands all back at once. */
  leave(node: string): Promise<void>;
  /** Nodes whose lease stands. */
  nodes(): Promise<number>;
}

/** Rows of one emitter, and the two positions without which they could hide a gap. */
export interface KeptEvents {
  /** Nearest to the asked position, oldest first; all of them after `floor` and up to `through`. */
  readonly events: readonly StoredRecord[];
  /** Whether a kept event lies on the other side of the asked position, or at it. */
  readonly beyond: boolean;
  /** Everything up to here was dropped; undefined: nothing was. */
  readonly floor: Position | undefined;
  /** The projection's position: later records are in the log only. */
  readonly through: Position | undefined;
}

/** The projected rows of the emitters' topic, each answer from one snapshot. End records are no events. */
export interface EmitterPages {
  /** The oldest after `position` ("earliest": of all). */
  after(id: string, position: Position | "earliest", limit: number): Promise<KeptEvents>;
  /** The newest before `position` ("latest": of all). */
  before(id: string, position: Position | "latest", limit: number): Promise<KeptEvents>;
  /** Of each id the newest rows, for new owners of guests; and the projection's position. */
  newestOf(
    ids: readonly string[],
    limit: number,
  ): Promise<{
    readonly through: Position | undefined;
    readonly events: ReadonlyMap<string, readonly StoredRecord[]>;
  }>;
}
