/**
 * Records that replays have read from the log and their subscribers' sinks have not taken yet. A log
 * returns far more at once than a socket takes. Without this, each write of a replay would read and
 * decode most of it again.
 */

import { comparePositions, type Position } from "../core/position.ts";
import type { StoredRecord } from "../core/record.ts";
import type { Member } from "./member.ts";

export interface Remainder {
  /** The member's position when it was kept. */
  readonly after: Position;
  readonly records: readonly StoredRecord[];
  readonly through: Position;
}

/** Each is part of one batch of the log, about a megabyte. Past it the oldest is dropped and read again. */
const remaindersMax = 64;

export class ReplayRemainders {
  readonly #byMember = new Map<Member, Remainder>();

  keep(member: Member, remainder: Remainder): void {
    this.#byMember.set(member, remainder);
    if (this.#byMember.size <= remaindersMax) return;
    const [oldest] = this.#byMember.keys();
    if (oldest !== undefined) this.#byMember.delete(oldest);
  }

  /** Removes it; undefined where the member has moved meanwhile, or it reaches past `until`. */
  take(member: Member, until: Position): Remainder | undefined {
    const remainder = this.#byMember.get(member);
    if (remainder === undefined) return undefined;
    this.#byMember.delete(member);
    const follows = comparePositions(remainder.after, member.at) === 0;
    return follows && comparePositions(remainder.through, until) <= 0 ? remainder : undefined;
  }

  drop(member: Member): void {
    this.#byMember.delete(member);
  }
}
