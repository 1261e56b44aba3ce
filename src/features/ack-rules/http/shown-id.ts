/** One id of a rule, as answers have it. */

import { renderTime } from "../../../core/time.ts";
import { type AckId, type AckRule, placeNames } from "../rule.ts";

interface ShownId extends Pick<AckId, "id" | "seen"> {
  readonly state: AckId["state"] | "unseen";
  readonly nextMs?: number;
  readonly overdueMs?: number | undefined;
}

export function describeId(rule: AckRule, { id, state, seen, nextMs, overdueMs }: ShownId) {
  const places = placeNames(rule);
  const times = places.flatMap((place, i) => {
    const ns = seen[i];
    return ns === undefined ? [] : [[place, renderTime(ns)] as const];
  });
  return {
    message_id: id,
    state,
    // A topic that was added since does not make it incomplete.
    missing: state === "complete" ? [] : places.filter((_, i) => seen[i] === undefined),
    seen: Object.fromEntries(times),
    ...(state === "open" && nextMs !== undefined && rule.deadlineMs !== undefined
      ? { due_at: new Date(nextMs).toISOString() }
      : {}),
    ...(overdueMs === undefined ? {} : { overdue_since: new Date(overdueMs).toISOString() }),
  };
}
