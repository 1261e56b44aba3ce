import { describe, expect, test } from "bun:test";
import { seededRandom } from "../../../test/support/random.ts";
import {
  type AckOutcome,
  type AckTerms,
  applyDeadlines,
  applyOccurrences,
  type Occurrence,
} from "./ids.ts";
import type { AckCounts, AckId } from "./rule.ts";

const none: AckCounts = {
  complete: 0,
  late: 0,
  open: 0,
  overdue: 0,
  forgotten: 0,
  duplicates: 0,
  withoutId: 0,
};
const terms: AckTerms = { places: 3, deadlineMs: 1000, keepMs: 60_000 };
const endless: AckTerms = { ...terms, deadlineMs: undefined };

function at(id: string, place: number, ms: number): Occurrence {
  return { id, place, ns: BigInt(ms) * 1_000_000n };
}

/** Keeps ids as the store does after each outcome. */
class Ids {
  readonly known = new Map<string, AckId>();
  readonly acks: string[] = [];
  readonly notices: string[] = [];
  counts = none;

  readonly #terms: AckTerms;

  constructor(terms: AckTerms) {
    this.#terms = terms;
  }

  see(...occurrences: Occurrence[]): AckOutcome {
    return this.#keep(applyOccurrences(this.#terms, this.counts, this.known, occurrences));
  }

  /** Like the sweep: applies the deadlines that are due, the earliest first. */
  pass(ms: number): AckOutcome {
    const due = [...this.known.values()].filter(({ nextMs }) => nextMs <= ms);
    due.sort((a, b) => a.nextMs - b.nextMs);
    return this.#keep(applyDeadlines(this.#terms, this.counts, due));
  }

  #keep(outcome: AckOutcome): AckOutcome {
    for (const one of outcome.written) this.known.set(one.id, one);
    for (const id of outcome.dropped) this.known.delete(id);
    this.acks.push(...outcome.acks.map(({ id }) => id));
    this.notices.push(...outcome.notices.map(({ id, state }) => `${id} ${state}`));
    this.counts = outcome.counts;
    return outcome;
  }
}

describe("an id is complete", () => {
  test("once it was seen in every place, in any order, within one batch or over several", () => {
    const ids = new Ids(terms);
    expect(ids.see(at("a", 2, 5), at("a", 0, 7), at("b", 1, 8)).acks).toEqual([]);
    expect(ids.counts).toMatchObject({ open: 2, complete: 0 });
    const [ack] = ids.see(at("a", 1, 9)).acks;
    expect(ack).toEqual({
      id: "a",
      state: "complete",
      late: false,
      seen: [7_000_000n, 9_000_000n, 5_000_000n],
    });
    expect(ids.see(at("c", 0, 9), at("c", 1, 9), at("c", 2, 9)).acks.length).toBe(1);
    expect(ids.counts).toMatchObject({ open: 1, complete: 2, late: 0 });
  });

  test("once: repeated occurrences change nothing, before and after", () => {
    const ids = new Ids(terms);
    ids.see(at("a", 0, 1), at("a", 0, 2), at("a", 1, 3));
    const again = ids.see(at("a", 1, 4));
    expect(again.written).toEqual([]);
    ids.see(at("a", 2, 5), at("a", 2, 6));
    expect(ids.see(at("a", 0, 7), at("a", 1, 8)).written).toEqual([]);
    expect(ids.acks).toEqual(["a"]);
    expect(ids.counts).toMatchObject({ complete: 1, open: 0, duplicates: 5 });
    expect(ids.known.get("a")?.seen).toEqual([1_000_000n, 3_000_000n, 5_000_000n]);
  });

  test("for as long as it is kept; afterwards it counts as a new one", () => {
    const ids = new Ids(terms);
    ids.see(at("a", 0, 1), at("a", 1, 1), at("a", 2, 10));
    ids.pass(60_009);
    expect([...ids.known.keys()]).toEqual(["a"]);
    ids.pass(60_010);
    expect([...ids.known.keys()]).toEqual([]);
    expect(ids.counts).toMatchObject({ complete: 1, forgotten: 0 });
    ids.see(at("a", 0, 70_000), at("a", 1, 70_000), at("a", 2, 70_000));
    expect(ids.acks).toEqual(["a", "a"]);
  });
});

describe("a deadline", () => {
  test("counts from the first occurrence, and names the missing places", () => {
    const ids = new Ids(terms);
    ids.see(at("a", 1, 500));
    ids.see(at("a", 0, 100));
    ids.pass(1099);
    expect(ids.counts).toMatchObject({ open: 1, overdue: 0 });
    const [notice] = ids.pass(1100).notices;
    expect(notice).toMatchObject({
      id: "a",
      state: "overdue",
      seen: [100_000_000n, 500_000_000n, undefined],
    });
    expect(ids.counts).toMatchObject({ open: 0, overdue: 1 });
    expect(ids.known.get("a")).toMatchObject({ state: "overdue", overdueMs: 1100 });
  });

  test("that has passed is resolved by a late occurrence, whose ack says so", () => {
    const ids = new Ids(terms);
    ids.see(at("a", 0, 0));
    ids.pass(5000);
    ids.see(at("a", 1, 5001));
    expect(ids.counts).toMatchObject({ overdue: 1, complete: 0 });
    const { acks } = ids.see(at("a", 2, 5002));
    expect(acks).toMatchObject([{ id: "a", late: true }]);
    expect(ids.notices).toEqual(["a overdue", "a resolved"]);
    expect(ids.counts).toMatchObject({ open: 0, overdue: 0, complete: 1, late: 1 });
  });

  test("that was missed before any sweep is late without ever being overdue", () => {
    const ids = new Ids(terms);
    ids.see(at("a", 0, 0), at("a", 1, 1), at("a", 2, 1001));
    ids.see(at("b", 0, 0), at("b", 1, 1), at("b", 2, 1000));
    expect(ids.counts).toMatchObject({ complete: 2, late: 1 });
    expect(ids.notices).toEqual([]);
  });

  test("after which nothing comes: the id is forgotten", () => {
    const ids = new Ids(terms);
    ids.see(at("a", 0, 0));
    ids.pass(1000);
    ids.pass(60_999);
    expect(ids.counts).toMatchObject({ overdue: 1, forgotten: 0 });
    ids.pass(61_000);
    expect(ids.notices).toEqual(["a overdue", "a forgotten"]);
    expect(ids.counts).toMatchObject({ open: 0, overdue: 0, forgotten: 1 });
  });

  test("is optional: without one an id is kept as long as new occurrences come", () => {
    const ids = new Ids(endless);
    ids.see(at("a", 0, 0));
    ids.see(at("a", 1, 50_000));
    ids.pass(109_999);
    expect(ids.counts).toMatchObject({ open: 1, forgotten: 0 });
    ids.pass(110_000);
    expect(ids.counts).toMatchObject({ open: 0, overdue: 0, forgotten: 1 });
    expect(ids.notices).toEqual([]);
  });
});

test("1,000 ids in any order, with duplicates, cut into batches anywhere: as a simple count has it", () => {
  for (const seed of [1, 2, 3]) {
    const random = seededRandom(seed);
    const occurrences: Occurrence[] = [];
    const expected = new Set<string>();
    for (let i = 0; i < 1000; i++) {
      const missing = random.chance(0.2) ? random.int(3) : undefined;
      if (missing === undefined) expected.add(`m${i}`);
      for (let place = 0; place < 3; place++) {
        if (place === missing) continue;
        for (let n = random.chance(0.1) ? 2 : 1; n > 0; n--) {
          occurrences.push(at(`m${i}`, place, i));
        }
      }
    }
    // Fisher-Yates.
    for (let i = occurrences.length - 1; i > 0; i--) {
      const j = random.int(i + 1);
      const [a, b] = [occurrences[i], occurrences[j]];
      if (a !== undefined && b !== undefined) [occurrences[i], occurrences[j]] = [b, a];
    }
    const ids = new Ids(endless);
    while (occurrences.length > 0) ids.see(...occurrences.splice(0, 1 + random.int(50)));
    expect(ids.acks.toSorted()).toEqual([...expected].toSorted());
    expect(ids.counts).toMatchObject({ complete: expected.size, open: 1000 - expected.size });
  }
});
