/** Jobs that send records of one topic to another one: what they are, and what may be asked of them. */

import type { Principal } from "../../core/access/caller.ts";
import type { Position } from "../../core/position.ts";

export const copyStates = ["running", "paused", "cancelled", "done", "failed"] as const;
export type CopyState = (typeof copyStates)[number];

/** Which records are sent; left out members let all pass. */
export interface CopyFilter {
  readonly key?: string | undefined;
  readonly where?: string | undefined;
  readonly text?: string | undefined;
}

export interface CopyConfig {
  readonly source: string;
  readonly target: string;
  /** The records after this position, up to and including `until`. */
  readonly after: Position;
  readonly until: Position;
  readonly filter: CopyFilter;
  /** Records a second. */
  readonly rate: number;
}

/** What a job has done so far. */
export interface CopyProgress {
  /** Of the last record that was read and is dealt with. */
  readonly position: Position;
  readonly read: number;
  readonly matched: number;
  readonly sent: number;
  /** Records that the target refused. */
  readonly refused: number;
  readonly lastRefusal: string | undefined;
}

export interface CopyJob extends CopyConfig, CopyProgress {
  readonly id: string;
  /** UUID of this incarnation: a job that is created again under its id gets another one. */
  readonly life: string;
  readonly state: CopyState;
  /** Why a job failed. */
  readonly failure: string | undefined;
  /** Undefined: it was created without access control. */
  readonly creator: Principal | undefined;
  readonly createdMs: number;
  readonly changedMs: number;
}

export interface CopyStore {
  /** False where there is one with this id. */
  create(job: CopyJob): Promise<boolean>;
  get(id: string): Promise<CopyJob | undefined>;
  /** The newest first, at most `jobsMax`. */
  list(): Promise<readonly CopyJob[]>;
  /** Those that a node has to work on. */
  running(): Promise<readonly CopyJob[]>;
  /**
   * Writes the progress, from what was read before; false where another owner went on, or the job does
   * not run any more.
   */
  advance(id: string, readBefore: number, progress: CopyProgress): Promise<boolean>;
  /** Moves a job out of the state `running`. */
  end(id: string, state: "done" | "failed", failure?: string): Promise<void>;
  /** False where the job is in none of the states `from`. */
  change(
    id: string,
    from: readonly CopyState[],
    to: { readonly state: CopyState; readonly rate?: number | undefined },
  ): Promise<boolean>;
  /** Drops jobs that ended a week ago. */
  prune(): Promise<void>;
}

/** Jobs that are kept, and those that may run at once. */
export const jobsMax = 1000;
export const runningMax = 20;

/** Names the topic and the position that a record was copied from. */
export const copiedFromHeader = "sluice-copied-from";
