/**
 * How occurrences and the passing of time change ids. All of it is pure: a commit follows from the
 * commits before it and from the log alone, on whichever node the rule runs and at whatever time.
 * All times are those of the records.
 */

import type { AckCounts, AckId, Announcement, AnnouncementState } from "./rule.ts";

/** The part of a rule that is needed here. */
export interface AckTerms {
  readonly places: number;
  readonly deadlineMs: number | undefined;
  readonly keepMs: number;
}

/** One occurrence of an id in a place, at the time of the record. */
export interface Occurrence {
  readonly id: string;
  readonly place: number;
  readonly ns: bigint;
}

/** The changes, which are committed together. */
export interface AckOutcome {
  /** Ids in their new state, each once. */
  readonly written: readonly AckId[];
  readonly dropped: readonly string[];
  readonly acks: readonly Unnumbered[];
  readonly notices: readonly Unnumbered[];
  readonly counts: AckCounts;
}

export type Unnumbered = Omit<Announcement, "n">;

/** `known` must have every id of the occurrences that was seen before. */
export function applyOccurrences(
  terms: AckTerms,
  counts: AckCounts,
  known: ReadonlyMap<string, AckId>,
  occurrences: readonly Occurrence[],
): AckOutcome {
  const written = new Map<string, AckId>();
  const outcome = new Outcome(counts);
  for (const { id, place, ns } of occurrences) {
    const before = written.get(id) ?? known.get(id);
    const first = before?.seen[place];
    if (before?.state === "complete" || (first !== undefined && first <= ns)) {
      outcome.count("duplicates", 1);
      continue;
    }
    if (before === undefined) outcome.count("open", 1);
    // The same place again, but earlier: the topic was recreated after the clock was set back.
    if (first !== undefined) outcome.count("duplicates", 1);
    const seen = Array.from({ length: terms.places }, (_, i) => before?.seen[i]);
    seen[place] = ns;
    const after = withSeen(terms, id, before, seen);
    if (after.state === "complete") {
      const late = before?.state === "overdue" || isLate(terms, seen);
      outcome.complete(after, before, late);
    }
    written.set(id, after);
  }
  return { ...outcome.result(), written: [...written.values()], dropped: [] };
}

/** `due`: ids whose `nextMs` has passed; all records up to that time must have been applied. */
export function applyDeadlines(
  terms: AckTerms,
  counts: AckCounts,
  due: readonly AckId[],
): AckOutcome {
  const written: AckId[] = [];
  const dropped: string[] = [];
  const outcome = new Outcome(counts);
  for (const known of due) {
    const { id, state, seen, nextMs } = known;
    if (state === "open" && terms.deadlineMs !== undefined) {
      outcome.count("open", -1);
      outcome.count("overdue", 1);
      outcome.notice("overdue", known);
      written.push({
        id,
        state: "overdue",
        seen,
        overdueMs: nextMs,
        nextMs: nextMs + terms.keepMs,
      });
      continue;
    }
    dropped.push(id);
    if (state === "complete") continue;
    outcome.count(state, -1);
    outcome.count("forgotten", 1);
    if (state === "overdue") outcome.notice("forgotten", known);
  }
  return { ...outcome.result(), written, dropped };
}

/** The times of all occurrences, the earliest first. */
export function timesSeen(seen: readonly (bigint | undefined)[]): readonly bigint[] {
  return seen.filter((ns) => ns !== undefined).toSorted((a, b) => (a < b ? -1 : Number(a > b)));
}

export function withSeen(
  { deadlineMs, keepMs }: AckTerms,
  id: string,
  before: AckId | undefined,
  seen: readonly (bigint | undefined)[],
): AckId {
  const times = timesSeen(seen);
  const keptMs = msFromNs(times.at(-1) ?? 0n) + keepMs;
  if (times.length === seen.length) {
    return { id, state: "complete", seen, nextMs: keptMs, overdueMs: undefined };
  }
  if (before?.state === "overdue") {
    return { ...before, seen, nextMs: Math.max(before.nextMs, keptMs) };
  }
  const nextMs = deadlineMs === undefined ? keptMs : msFromNs(times[0] ?? 0n) + deadlineMs;
  return { id, state: "open", seen, nextMs, overdueMs: undefined };
}

export function isLate({ deadlineMs }: AckTerms, seen: readonly (bigint | undefined)[]): boolean {
  if (deadlineMs === undefined) return false;
  const times = timesSeen(seen);
  return msFromNs(times.at(-1) ?? 0n) > msFromNs(times[0] ?? 0n) + deadlineMs;
}

function msFromNs(ns: bigint): number {
  return Number(ns / 1_000_000n);
}

/** Collects the changes of one commit. */
export class Outcome {
  readonly #counts: Record<keyof AckCounts, number>;
  readonly #acks: Unnumbered[] = [];
  readonly #notices: Unnumbered[] = [];

  constructor(counts: AckCounts) {
    this.#counts = { ...counts };
  }

  count(of: keyof AckCounts, change: number): void {
    this.#counts[of] += change;
  }

  /** `mayNotify`: notices have a topic to go to. */
  complete({ id, seen }: AckId, before: AckId | undefined, late: boolean, mayNotify = true): void {
    this.count(before?.state === "overdue" ? "overdue" : "open", -1);
    this.count("complete", 1);
    if (late) this.count("late", 1);
    this.#acks.push({ id, seen, late, state: "complete" });
    if (before?.state === "overdue" && mayNotify) this.notice("resolved", { id, seen });
  }

  notice(state: AnnouncementState, { id, seen }: Pick<AckId, "id" | "seen">): void {
    this.#notices.push({ id, seen, state, late: true });
  }

  result(): Pick<AckOutcome, "acks" | "notices" | "counts"> {
    return { acks: this.#acks, notices: this.#notices, counts: this.#counts };
  }
}
