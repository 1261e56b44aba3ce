/** Emitters: resources that PUT creates, each with its own stream; and the ports that store them. */

import type { GrantedNames } from "../../core/access/grant.ts";
import type { EmitterSource } from "../../core/emitters.ts";
import type { PageSize } from "../../core/page.ts";
import type { Position } from "../../core/position.ts";
import type { StoredRecord } from "../../core/record.ts";

export interface Emitter {
  readonly id: string;
  readonly source: EmitterSource;
  /** The guest's events per second; 0 when the source is external. */
  readonly rate: number;
  readonly createdMs: number;
  readonly endedMs: number | undefined;
  /** Position of its end record, once that is known. */
  readonly end: Position | undefined;
}

/** What the projection knows of an emitter's stream. */
export interface EmitterStats {
  /** The node that runs its guest. */
  readonly node: string | undefined;
  /** Number of events that were projected, dropped ones included. */
  readonly events: number;
  readonly last: { readonly position: Position; readonly timeNs: bigint } | undefined;
}

export interface EmitterStore {
  /** Creates it unless the id is taken; returns the existing one then. `node` runs its guest from now on. */
  create(
    emitter: { readonly id: string; readonly source: EmitterSource; readonly rate: number },
    node: string | undefined,
  ): Promise<{ readonly created: boolean; readonly emitter: Emitter }>;
  get(id: string): Promise<Emitter | undefined>;
  stats(id: string): Promise<EmitterStats>;
  /** By id, those of `names` after `after` whose ids contain `q`, in upper or lower case. */
  list(options: {
    readonly after?: string;
    readonly limit: number;
    readonly ended: boolean;
    readonly q?: string | undefined;
    readonly names: GrantedNames;
  }): Promise<readonly Emitter[]>;
  /** Marks it as ended, once; returns it as it is then. */
  end(id: string): Promise<Emitter | undefined>;
  /** Stores the position of the end record. */
  setEnd(id: string, position: Position): Promise<void>;
  /** Ids of the emitters that ended within the last `withinMs`. */
  endedWithin(withinMs: number): Promise<readonly string[]>;
  /** Number of emitters, ended ones included. */
  count(): Promise<number>;
  /** Events per second of all guests. */
  guestRate(): Promise<number>;
  /** Ids of emitters that `end` marked at least `olderThanMs` ago, and that have no `setEnd` yet. */
  unfinishedEnds(olderThanMs: number, limit: number): Promise<readonly string[]>;
}

/**
 * `spent`: the lease had expired, and other nodes have freed this node's guests and name. `held`: the
 * lease is valid. `free`: it is valid, and there are guests that no node runs.
 */
export type Renewed = "spent" | "held" | "free";

/** Which node runs which guest. One lease a node, by the store's clock; a dead node's guests become free. */
export interface GuestLeases {
  /** Begins the lease of a node name that was never used before. */
  join(node: string, leaseMs: number): Promise<void>;
  /** Renews it, and frees the guests of nodes whose lease has expired. */
  renew(node: string, leaseMs: number): Promise<Renewed>;
  /** Takes guests that no node runs. */
  claim(node: string, limit: number): Promise<readonly Emitter[]>;
  /** The node's guests, for when the answer to `claim` or `create` was lost. */
  owned(node: string): Promise<readonly Emitter[]>;
  /** Frees all of them at once. */
  leave(node: string): Promise<void>;
  /** Number of nodes with a valid lease. */
  nodes(): Promise<number>;
}

/** Rows of one emitter, and the two positions that exclude a gap. */
export interface KeptEvents {
  /** Nearest to the requested position, oldest first; all are after `floor` and up to `through`. */
  readonly events: readonly StoredRecord[];
  /** Whether a kept event is on the other side of the requested position, or at it. */
  readonly beyond: boolean;
  /** Everything up to here was dropped; undefined: nothing. */
  readonly floor: Position | undefined;
  /** The projection's position: later records are in the log only. */
  readonly through: Position | undefined;
}

/**
 * The projected rows of the emitters' topic, each answer from one snapshot, with one event more than
 * fits in the size. End records are not events.
 */
export interface EmitterPages {
  /** The oldest after `position` ("earliest": of all). */
  after(id: string, position: Position | "earliest", size: PageSize): Promise<KeptEvents>;
  /** The newest before `position` ("latest": of all). */
  before(id: string, position: Position | "latest", size: PageSize): Promise<KeptEvents>;
  /** The newest, without their values: a thousand may be a gigabyte. */
  tail(id: string, limit: number): Promise<KeptEvents>;
  /** The newest rows of each id, for new owners of guests; and the projection's position. */
  newestOf(
    ids: readonly string[],
    limit: number,
  ): Promise<{
    readonly through: Position | undefined;
    readonly events: ReadonlyMap<string, readonly StoredRecord[]>;
  }>;
}
