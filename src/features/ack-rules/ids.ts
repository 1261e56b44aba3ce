/**
 * What sightings, and the passing of time, make of ids: pure, so that what is committed follows
 * from what was committed before and from the log alone, whoever owns the rule and whenever it
 * works. All times are those of the records.
 */
import type { AckCounts, AckId, Announcement, AnnouncementState } from "./rule.ts";

/** As much of a rule as this takes. */
export interface AckTerms {
  readonly places: number;
  readonly deadlineMs: number | undefined;
  readonly keepMs: number;
}

/** A record of a place, by the id in it. */
export interface Occurrence {
  readonly id: string;
  readonly place: number;
  readonly ns: bigint;
}

/** What follows, to be committed together. */
export interface AckOutcome {
  /** Ids as they are now, each once. */
  readonly written: readonly AckId[];
  readonly dropped: readonly string[];
  readonly acks: readonly Unnumbered[];
  readonly notices: readonly Unnumbered[];
  readonly counts: AckCounts;
}

export type Unnumbered = Omit<Announcement, "n">;

/** `known` has every id of the sightings that was seen before. */
export function see(
  terms: AckTerms,
  counts: AckCounts,
  known: ReadonlyMap<string, AckId>,
  sightings: readonly Occurrence[],
): AckOutcome {
  const written = new Map<string, AckId>();
  const outcome = new Outcome(counts);
  for (const { id, place, ns } of sightings) {
    const before = written.get(id) ?? known.get(id);
    const first = before?.seen[place];
    if (before?.state === "complete" || (first !== undefined && first <= ns)) {
      outcome.count("duplicates", 1);
      continue;
    }
    if (before === undefined) outcome.count("open", 1);
    // The same place again, but earlier: a topic that was made anew, on a clock that went back.
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
  return { ...outcome.parts(), written: [...written.values()], dropped: [] };
}

/** `due`: ids whose `nextMs` has passed, once all that was appended up to then has been seen. */
export function expire(terms: AckTerms, counts: AckCounts, due: readonly AckId[]): AckOutcome {
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
  return { ...outcome.parts(), written, dropped };
}

/** Sightings that are there, the earliest first. */
export function timesSeen(seen: readonly (bigint | undefined)[]): readonly bigint[] {
  return seen.filter((ns) => ns !== undefined).toSorted((a, b) => (a < b ? -1 : Number(a > b)));
}

function withSeen(
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

function isLate({ deadlineMs }: AckTerms, seen: readonly (bigint | undefined)[]): boolean {
  if (deadlineMs === undefined) return false;
  const times = timesSeen(seen);
  return msFromNs(times.at(-1) ?? 0n) > msFromNs(times[0] ?? 0n) + deadlineMs;
}

function msFromNs(ns: bigint): number {
  return Number(ns / 1_000_000n);
}

class Outcome {
  readonly #counts: Record<keyof AckCounts, number>;
  readonly #acks: Unnumbered[] = [];
  readonly #notices: Unnumbered[] = [];

  constructor(counts: AckCounts) {
    this.#counts = { ...counts };
  }

  count(of: keyof AckCounts, change: number): void {
    this.#counts[of] += change;
  }

  complete({ id, seen }: AckId, before: AckId | undefined, late: boolean): void {
    this.count(before?.state === "overdue" ? "overdue" : "open", -1);
    this.count("complete", 1);
    if (late) this.count("late", 1);
    this.#acks.push({ id, seen, late, state: "complete" });
    if (before?.state === "overdue") this.notice("resolved", { id, seen });
  }

  notice(state: AnnouncementState, { id, seen }: Pick<AckId, "id" | "seen">): void {
    this.#notices.push({ id, seen, state, late: true });
  }

  parts(): Pick<AckOutcome, "acks" | "notices" | "counts"> {
    return { acks: this.#acks, notices: this.#notices, counts: this.#counts };
  }
}
