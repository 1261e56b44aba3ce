/** How a change of a rule's topics, deadline or keeping changes its ids, one by one. Pure. */

import { type AckOutcome, type AckTerms, isLate, Outcome, timesSeen, withSeen } from "./ids.ts";
import type { AckCounts, AckId, Settling, UnsettledId } from "./rule.ts";

/** `nowMs`: the time up to which the records of all topics have been applied. */
export function applyChange(
  terms: AckTerms,
  counts: AckCounts,
  { keepMs }: Pick<Settling, "keepMs">,
  ids: readonly UnsettledId[],
  nowMs: number,
): AckOutcome {
  const written: AckId[] = [];
  const dropped: string[] = [];
  const outcome = new Outcome(counts);
  for (const given of ids) {
    const { lastMs, isStale, ...known } = given;
    // Never sooner than the former setting, moved by its change, would have it: until then no second
    // ack may follow.
    const keptMs = Math.max((lastMs ?? 0) + terms.keepMs, known.nextMs + terms.keepMs - keepMs);
    if (known.state === "complete") {
      if (isStale || keptMs !== known.nextMs) written.push({ ...known, nextMs: keptMs });
      continue;
    }
    const after = settled(outcome, terms, known, { lastMs, nowMs });
    if (after === undefined) dropped.push(known.id);
    else if (isStale || differs(after, known)) written.push(after);
  }
  return { ...outcome.result(), written, dropped };
}

/** The new state of an open or overdue id; undefined: it was seen in removed places alone. */
function settled(
  outcome: Outcome,
  terms: AckTerms,
  known: AckId,
  { lastMs, nowMs }: { readonly lastMs: number | undefined; readonly nowMs: number },
): AckId | undefined {
  const { id, state, seen } = known;
  const isOverdue = state === "overdue";
  const mayNotify = terms.deadlineMs !== undefined;
  const times = timesSeen(seen);
  if (times.length === 0) {
    outcome.count(isOverdue ? "overdue" : "open", -1);
    outcome.count("forgotten", 1);
    if (isOverdue && mayNotify) outcome.notice("forgotten", known);
    return undefined;
  }
  const fresh = withSeen(terms, id, undefined, seen);
  if (fresh.state === "complete") {
    outcome.complete(fresh, known, isOverdue || isLate(terms, seen), mayNotify);
    return fresh;
  }
  if (!isOverdue) return fresh;
  if (terms.deadlineMs !== undefined && fresh.nextMs <= nowMs) {
    const nextMs = Math.max(fresh.nextMs, lastMs ?? 0) + terms.keepMs;
    return { ...fresh, state: "overdue", overdueMs: fresh.nextMs, nextMs };
  }
  outcome.count("overdue", -1);
  outcome.count("open", 1);
  if (mayNotify) outcome.notice("reopened", known);
  return fresh;
}

function differs(a: AckId, b: AckId): boolean {
  return a.state !== b.state || a.nextMs !== b.nextMs || a.overdueMs !== b.overdueMs;
}
