import { expect, test } from "bun:test";
import { type AckTerms, applyOccurrences } from "./ids.ts";
import type { AckCounts, UnsettledId } from "./rule.ts";
import { applyChange } from "./settling.ts";

const counts: AckCounts = {
  complete: 7,
  late: 0,
  open: 10,
  overdue: 10,
  forgotten: 0,
  duplicates: 0,
  withoutId: 0,
};
const terms: AckTerms = { places: 2, deadlineMs: 1000, keepMs: 60_000 };
const before = { keepMs: 60_000 };

const ns = (ms: number) => BigInt(ms) * 1_000_000n;

/** Seen at these times in the places that the rule has now; `lastMs` counts the former ones as well. */
function unsettled(
  state: UnsettledId["state"],
  seenMs: readonly (number | undefined)[],
  given: Partial<UnsettledId> = {},
): UnsettledId {
  const last = Math.max(0, ...seenMs.map((ms) => ms ?? 0));
  return {
    id: "m",
    state,
    seen: seenMs.map((ms) => (ms === undefined ? undefined : ns(ms))),
    nextMs: state === "open" ? 1100 : last + 60_000,
    overdueMs: state === "overdue" ? 1100 : undefined,
    lastMs: last,
    isStale: false,
    ...given,
  };
}

test("an id that missed a removed place alone is complete, once", () => {
  const open = unsettled("open", [100, 200], { isStale: true });
  const outcome = applyChange(terms, counts, before, [open], 500);
  expect(outcome.acks).toEqual([
    { id: "m", state: "complete", late: false, seen: [ns(100), ns(200)] },
  ]);
  expect(outcome.written).toMatchObject([{ id: "m", state: "complete", nextMs: 60_200 }]);
  expect(outcome.counts).toEqual({ ...counts, open: 9, complete: 8 });
  // What follows in the same commit order finds it complete.
  const [complete] = outcome.written;
  const known = new Map([["m", complete ?? open]]);
  const again = applyOccurrences(terms, outcome.counts, known, [
    { id: "m", place: 0, ns: ns(300) },
    { id: "m", place: 1, ns: ns(300) },
  ]);
  expect(again.acks).toEqual([]);
});

test("an overdue id that is complete now is late, and resolved", () => {
  const outcome = applyChange(terms, counts, before, [unsettled("overdue", [100, 200])], 5000);
  expect(outcome.acks).toMatchObject([{ id: "m", late: true }]);
  expect(outcome.notices).toMatchObject([{ id: "m", state: "resolved" }]);
  expect(outcome.counts).toEqual({ ...counts, overdue: 9, complete: 8, late: 1 });
});

test("a complete id stays complete, and is remembered as long as before", () => {
  const outcome = applyChange(
    { ...terms, places: 3 },
    counts,
    before,
    [
      unsettled("complete", [100, 200, undefined]),
      // Its last occurrence was in a removed place.
      unsettled("complete", [100, 200, undefined], { isStale: true, lastMs: 900, nextMs: 60_900 }),
      // All its occurrences were.
      unsettled("complete", [undefined, undefined, undefined], { isStale: true, nextMs: 60_900 }),
    ],
    5000,
  );
  expect(outcome.acks).toEqual([]);
  expect(outcome.written.map(({ state, nextMs }) => [state, nextMs])).toEqual([
    ["complete", 60_900],
    ["complete", 60_900],
  ]);
  expect(outcome.counts).toEqual(counts);
});

test("an id that was seen in removed places alone is forgotten", () => {
  const seen = [undefined, undefined];
  const open = applyChange(terms, counts, before, [unsettled("open", seen)], 500);
  expect([open.dropped, open.notices]).toEqual([["m"], []]);
  expect(open.counts).toEqual({ ...counts, open: 9, forgotten: 1 });
  const overdue = applyChange(terms, counts, before, [unsettled("overdue", seen)], 500);
  expect(overdue.notices).toMatchObject([{ state: "forgotten" }]);
  expect(overdue.counts).toEqual({ ...counts, overdue: 9, forgotten: 1 });
});

test("another deadline counts from the first sighting that is kept", () => {
  const longer = { ...terms, deadlineMs: 10_000 };
  const waiting = unsettled("open", [100, undefined]);
  const late = unsettled("overdue", [100, undefined]);
  const extended = applyChange(longer, counts, before, [waiting, late], 5000);
  expect(extended.written).toMatchObject([
    { state: "open", nextMs: 10_100 },
    { state: "open", nextMs: 10_100, overdueMs: undefined },
  ]);
  expect(extended.notices).toMatchObject([{ id: "m", state: "reopened" }]);
  expect(extended.counts).toEqual({ ...counts, open: 11, overdue: 9 });

  const still = applyChange({ ...terms, deadlineMs: 4000 }, counts, before, [late], 5000);
  expect(still.written).toMatchObject([{ state: "overdue", overdueMs: 4100 }]);
  expect(still.notices).toEqual([]);
  expect(still.counts).toEqual(counts);
});

test("without a deadline no id is overdue, and nothing is reported", () => {
  const endless = { ...terms, deadlineMs: undefined };
  const ids = [unsettled("overdue", [100, undefined]), unsettled("overdue", [100, 200])];
  const outcome = applyChange(endless, counts, before, ids, 5000);
  expect(outcome.notices).toEqual([]);
  expect(outcome.acks).toMatchObject([{ late: true }]);
  expect(outcome.written).toMatchObject([{ state: "open", nextMs: 60_100 }, { state: "complete" }]);
});

test("ids are kept for the changed time from their last occurrence on", () => {
  const complete = unsettled("complete", [100, 200]);
  const longer = applyChange({ ...terms, keepMs: 90_000 }, counts, before, [complete], 500);
  expect(longer.written).toMatchObject([{ nextMs: 90_200 }]);
  const shorter = applyChange({ ...terms, keepMs: 1000 }, counts, before, [complete], 500);
  expect(shorter.written).toMatchObject([{ nextMs: 1200 }]);
});
