/**
 * What replays have read from the log and their subscribers' sinks did not take yet. A log gives far
 * more at once than a socket takes in: without this, catching up would read most of it again, and
 * decode it, for each write.
 */
import { comparePositions, type Position } from "../core/position.ts";
import type { StoredRecord } from "../core/record.ts";
import type { Member } from "./member.ts";

export interface Leftover {
  /** Where its member stood when it was kept. */
  readonly after: Position;
  readonly records: readonly StoredRecord[];
  readonly through: Position;
}

/** Each is part of one batch of the log, about a megabyte. Past it the oldest is read again. */
const leftoversMax = 64;

export class ReplayRemainders {
  readonly #of = new Map<Member, Leftover>();

  keep(member: Member, leftover: Leftover): void {
    this.#of.set(member, leftover);
    if (this.#of.size <= leftoversMax) return;
    const [oldest] = this.#of.keys();
    if (oldest !== undefined) this.#of.delete(oldest);
  }

  /** Given once; undefined where the member has moved meanwhile, or it would go past `until`. */
  take(member: Member, until: Position): Leftover | undefined {
    const leftover = this.#of.get(member);
    if (leftover === undefined) return undefined;
    this.#of.delete(member);
    const follows = comparePositions(leftover.after, member.at) === 0;
    return follows && comparePositions(leftover.through, until) <= 0 ? leftover : undefined;
  }

  drop(member: Member): void {
    this.#of.delete(member);
  }
}
