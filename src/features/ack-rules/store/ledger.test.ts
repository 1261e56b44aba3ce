import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { openTestStore } from "../../../../test/support/store-rig.ts";
import type { Database } from "../../../postgres/database.ts";
import { statement } from "../../../postgres/statement.ts";
import type { AckCommit, AckId, AckRule, AckRuleConfig } from "../rule.ts";
import { createAckLedger, dueQuery } from "./ledger.ts";
import { createAckRuleStore } from "./rule-store.ts";

let rig: Awaited<ReturnType<typeof openTestStore>>;
let database: Database;
let ledger: ReturnType<typeof createAckLedger>;
let rules: ReturnType<typeof createAckRuleStore>;
let names = 0;

beforeAll(async () => {
  rig = await openTestStore();
  database = rig.database;
  ledger = createAckLedger(database);
  rules = createAckRuleStore(database);
}, 60_000);

afterAll(() => rig.close());

const config: AckRuleConfig = {
  name: "rule",
  places: { topics: ["one", "two"], id: { key: true } },
  output: "ack",
  deadlineMs: 1000,
  keepMs: 5000,
  from: "now",
};
const counts = {
  complete: 9_007_199_254_740_991,
  late: 1,
  open: 2,
  overdue: 3,
  forgotten: 4,
  duplicates: 5,
  withoutId: 6,
};

async function makeRule(given: Partial<AckRuleConfig> = {}): Promise<AckRule> {
  const name = `rule${names++}`;
  return (await rules.create({ ...config, name, ...given }, new Map())).rule;
}

function open(id: string, nextMs: number): AckId {
  return { id, state: "open", seen: [1n, undefined], nextMs, overdueMs: undefined };
}

function commitOf(rule: AckRule, given: Partial<AckCommit> = {}): AckCommit {
  return {
    rule,
    version: 0,
    acks: 0,
    notices: 0,
    counts,
    positions: new Map(),
    written: [],
    dropped: [],
    announced: [],
    ...given,
  };
}

describe("a rule", () => {
  test("is given back as it was made, whatever it is over", async () => {
    const given: Partial<AckRuleConfig>[] = [
      { places: { topics: ["b", "a"], id: { pointer: "/a~1b/0" } }, deadlineMs: undefined },
      { places: { topics: ["a"], id: { field: "watch.id" } }, from: "earliest" },
      { places: { events: ['ü "x"', "{,}"], appId: undefined } },
      { places: { events: ["one"], appId: "app" }, keepMs: 316_224_000_000 },
    ];
    for (const one of given) {
      const made = await makeRule(one);
      expect(made).toMatchObject(one);
      expect(await rules.get(made.name)).toEqual(made);
      expect((await rules.list()).find(({ name }) => name === made.name)).toEqual(made);
    }
  });

  test("is made once, however many make it at the same time", async () => {
    const wanted = { ...config, name: "raced" };
    const made = await Promise.all(
      Array.from({ length: 5 }, () => rules.create(wanted, new Map())),
    );
    expect(made.filter(({ created }) => created).length).toBe(1);
    expect(new Set(made.map(({ rule }) => rule.life)).size).toBe(1);
  });

  test("begins where its topics ended", async () => {
    const at = { epoch: 1_795_273_476_937, sequence: 2 ** 40, index: 7 };
    const { rule } = await rules.create({ ...config, name: "begun" }, new Map([["one", at]]));
    const state = await ledger.open(rule.number);
    expect(state?.positions).toEqual(new Map([["one", at]]));
    expect(state).toMatchObject({ version: 0, epoch: 0, acks: 0, notices: 0, delays: {} });
  });
});

describe("a commit", () => {
  test("is all of it: ids, positions, counts, what is announced, and what is dropped", async () => {
    const rule = await makeRule();
    const far = 2n ** 62n + 1n;
    const written: AckId[] = [
      {
        id: 'a "quoted" \\ {id}',
        state: "complete",
        seen: [far, 3n],
        nextMs: 5,
        overdueMs: undefined,
      },
      { id: "ü,NULL", state: "overdue", seen: [undefined, 7n], nextMs: 6, overdueMs: 4 },
      open("NULL", 9),
    ];
    const announced = [
      { n: 1, id: "ü,NULL", state: "complete", late: false, seen: [far, 3n] },
      { n: 1, id: "b", state: "forgotten", late: true, seen: [undefined, undefined] },
    ] as const;
    const positions = new Map([["one", { epoch: 1, sequence: 2, index: 3 }]]);
    const one = { acks: 1, notices: 1, written, announced, positions };
    await ledger.commit(commitOf(rule, one));
    expect(await rules.stats(rule.number)).toMatchObject({ counts, overdueIds: ["ü,NULL"] });
    const found = await ledger.find(rule, [...written.map(({ id }) => id), "none"]);
    expect(found.toSorted((a, b) => a.nextMs - b.nextMs)).toEqual(written);
    expect(await ledger.outbox(rule.number, "acks", 0, 10)).toEqual([announced[0]]);
    expect(await ledger.outbox(rule.number, "notices", 0, 10)).toEqual([announced[1]]);
    expect(await ledger.outbox(rule.number, "acks", 1, 10)).toEqual([]);
    expect(await ledger.open(rule.number)).toMatchObject({
      version: 1,
      acks: 1,
      counts,
      positions,
    });

    const moved = new Map([["one", { epoch: 1, sequence: 9, index: 0 }]]);
    const dropped = ["NULL", 'a "quoted" \\ {id}'];
    await ledger.commit(commitOf(rule, { version: 1, dropped, positions: moved }));
    expect((await ledger.find(rule, dropped)).length).toBe(0);
    expect((await ledger.open(rule.number))?.positions).toEqual(moved);
    const delays = { "12": 3 };
    await ledger.sent({ rule: rule.number, version: 2, acks: 1, notices: 0, delays });
    expect(await ledger.outbox(rule.number, "acks", 0, 10)).toEqual([]);
    expect((await ledger.outbox(rule.number, "notices", 0, 10)).length).toBe(1);
    expect((await rules.stats(rule.number)).delays).toEqual(delays);
  });

  test("is seen whole by who queries the rule's stats beside it", async () => {
    const rule = await makeRule();
    const ids = Array.from({ length: 150 }, (_, i) => `m${String(i).padStart(3, "0")}`);
    let committing = true;
    const commits = (async () => {
      for (let version = 0; version < ids.length; version++) {
        const overdueMs = ids.length - version;
        const written: AckId[] = [{ ...open(ids[version] ?? "", 9), state: "overdue", overdueMs }];
        const now = { ...counts, overdue: version + 1 };
        await ledger.commit(commitOf(rule, { version, written, counts: now }));
      }
    })().finally(() => (committing = false));
    while (committing) {
      const { counts, overdueIds } = await rules.stats(rule.number);
      const longest = ids.slice(0, counts.overdue).toReversed().slice(0, 100);
      expect(overdueIds).toEqual(longest);
    }
    await commits;
  });

  test("on anything but the newest version, or on a removed rule, is nothing", async () => {
    const rule = await makeRule();
    await ledger.commit(commitOf(rule));
    const stale = commitOf(rule, {
      written: [open("a", 1)],
      acks: 1,
      announced: [{ n: 1, id: "a", state: "complete", late: false, seen: [1n, 2n] }],
      positions: new Map([["one", { epoch: 1, sequence: 2, index: 0 }]]),
    });
    const expectNothing = async () => {
      expect(await ledger.find(rule, ["a"])).toEqual([]);
      expect(await ledger.outbox(rule.number, "acks", 0, 10)).toEqual([]);
    };
    await expect(ledger.commit(stale)).rejects.toMatchObject({ code: "conflict" });
    const sent = { rule: rule.number, version: 0, acks: 0, notices: 0, delays: {} };
    await expect(ledger.sent(sent)).rejects.toMatchObject({ code: "conflict" });
    await expectNothing();
    await rules.remove(rule.name);
    const fresh = { ...stale, version: 1 };
    await expect(ledger.commit(fresh)).rejects.toMatchObject({ code: "conflict" });
    await expectNothing();
    expect(await ledger.open(rule.number)).toBeUndefined();
  });
});

test("of owners that raise the producer's epoch together, one does", async () => {
  const rule = await makeRule();
  const raised = await Promise.all([1, 2, 3].map(() => ledger.raiseEpoch(rule.number, 0)));
  expect(raised).toEqual([1, 1, 1]);
  expect(await ledger.raiseEpoch(rule.number, 1)).toBe(2);
});

describe("what the sweep costs", () => {
  test("does not depend on the ids that are not due, or are complete", async () => {
    const rule = await makeRule();
    const { db } = database;
    await db.execute(sql`
      insert into ack_ids (rule, id, state, seen, next_ms)
      select ${rule.number}, 'm' || n, case when n % 3 = 0 then 2 else 0 end, '{1,NULL}', 1000 + n
      from generate_series(1, 60000) n`);
    const explain = async (untilMs: number) => {
      const rows = await statement<{ "QUERY PLAN": string }>(
        db,
        sql`explain (analyze, buffers, timing off, summary off)
          ${dueQuery(db, rule.number, untilMs, 500)}`,
      );
      return rows.map((row) => row["QUERY PLAN"]).join("\n");
    };
    // As it is for a table that was never analysed, and for one that was.
    for (const before of ["select 1", "analyze ack_ids"]) {
      await db.execute(before);
      const plan = await explain(1010);
      expect(plan).toContain("Index Scan using ack_ids_next");
      expect(plan).not.toContain("Sort");
      expect(plan).toMatch(/rows=10\b/);
      const [, hit = "999"] = /Buffers: shared hit=(\d+)/.exec(plan) ?? [];
      expect(Number(hit)).toBeLessThan(30);
    }
    const due = await ledger.due(rule, 1010, 500);
    expect(due.map(({ nextMs }) => nextMs)).toEqual([...Array(10).keys()].map((n) => 1001 + n));
    expect((await ledger.due(rule, 100_000, 500)).length).toBe(500);
  });
});
