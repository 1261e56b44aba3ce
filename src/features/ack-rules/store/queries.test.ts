import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { openTestStore } from "../../../../test/support/store-rig.ts";
import type { Database } from "../../../postgres/database.ts";
import { statement } from "../../../postgres/statement.ts";
import { combinationsOf } from "../combinations.ts";
import { cursorOf, type IdCursor, type IdsQuery } from "../queries.ts";
import type { AckId, AckRule, AckRuleConfig } from "../rule.ts";
import { createAckLedger } from "./ledger.ts";
import { createAckQueries } from "./queries.ts";
import { createAckRuleStore } from "./rule-store.ts";

let rig: Awaited<ReturnType<typeof openTestStore>>;
let database: Database;
let queries: ReturnType<typeof createAckQueries>;
let names = 0;

beforeAll(async () => {
  rig = await openTestStore();
  database = rig.database;
  queries = createAckQueries(database);
}, 60_000);

afterAll(() => rig.close());

const config: AckRuleConfig = {
  name: "rule",
  places: { topics: ["one", "two", "three"], id: { key: true } },
  output: "ack",
  deadlineMs: 1200,
  keepMs: 5000,
  from: "now",
};

async function makeRule(given: Partial<AckRuleConfig> = {}): Promise<AckRule> {
  const name = `rule${names++}`;
  const rules = createAckRuleStore(database);
  return (await rules.create({ ...config, name, ...given }, new Map())).rule;
}

function idAt(id: string, given: Partial<AckId> = {}): AckId {
  const seen = [1n, undefined, undefined];
  return { id, state: "open", seen, nextMs: 0, overdueMs: undefined, ...given };
}

async function keep(rule: AckRule, written: readonly AckId[]): Promise<void> {
  const ledger = createAckLedger(database);
  const state = await ledger.open(rule.number);
  if (state === undefined) throw new Error("There is no such rule");
  const { version, acks, notices, counts } = state;
  const none = { positions: new Map(), dropped: [], announced: [] };
  await ledger.commit({ rule, version, acks, notices, counts, written, ...none });
}

async function allPages(rule: AckRule, query: Omit<IdsQuery, "after" | "limit">) {
  const seen: string[] = [];
  for (let after: IdCursor | undefined; ;) {
    const page = await queries.ids(rule, { ...query, after, limit: 7 });
    seen.push(...page.map(({ id }) => id));
    const last = page.at(-1);
    if (last === undefined) return seen;
    after = cursorOf(last);
  }
}

describe("a list of ids", () => {
  test("has one state: the longest overdue first, those due first, the last complete first", async () => {
    const rule = await makeRule();
    const times = Array.from({ length: 25 }, (_, i) => 100 - Math.floor(i / 4));
    const overdue = times.map((ms, i) => idAt(`o${i}`, { state: "overdue", overdueMs: ms }));
    const open = times.map((ms, i) => idAt(`m${i}`, { nextMs: ms }));
    const complete = times.map((ms, i) => idAt(`c${i}`, { state: "complete", nextMs: ms }));
    await keep(rule, [...overdue, ...open, ...complete]);
    const sorted = (all: readonly AckId[]) =>
      all
        .toSorted((a, b) => cursorOf(a).ms - cursorOf(b).ms || (a.id < b.id ? -1 : 1))
        .map(({ id }) => id);
    expect(await allPages(rule, { state: "overdue" })).toEqual(sorted(overdue));
    expect(await allPages(rule, { state: "open" })).toEqual(sorted(open));
    expect(await allPages(rule, { state: "complete" })).toEqual(sorted(complete).toReversed());
  });

  test("may have only those that miss one topic", async () => {
    const rule = await makeRule();
    await keep(rule, [idAt("a", { seen: [1n, 2n, undefined] }), idAt("b")]);
    expect(await allPages(rule, { state: "open", missing: "two" })).toEqual(["b"]);
    expect(await allPages(rule, { state: "open", missing: "three" })).toEqual(["a", "b"]);
    expect(await allPages(rule, { state: "open", missing: "one" })).toEqual([]);
    expect(await allPages(rule, { state: "open", missing: "other" })).toEqual([]);
  });

  test("costs what it returns, whatever else the rule has", async () => {
    const rule = await makeRule();
    const { db } = database;
    await db.execute(sql`
      insert into ack_ids (rule, id, state, seen, next_ms)
      select ${rule.number}, 'm' || n, case when n % 30 = 0 then 0 else 2 end, '{1,NULL,NULL}', n
      from generate_series(1, 60000) n`);
    for (const before of ["select 1", "analyze ack_ids"]) {
      await db.execute(before);
      for (const order of ["state = 0 order by next_ms, id", "state = 1 order by overdue_ms, id"]) {
        const rows = await statement<{ "QUERY PLAN": string }>(
          db,
          sql`explain (analyze, buffers, timing off, summary off)
            select * from ack_ids where rule = ${rule.number} and ${sql.raw(order)} limit 10`,
        );
        const plan = rows.map((row) => row["QUERY PLAN"]).join("\n");
        const [, hit = "999"] = /Buffers: shared hit=(\d+)/.exec(plan) ?? [];
        expect(Number(hit)).toBeLessThan(30);
      }
    }
  });
});

describe("combinations", () => {
  const ns = (ms: number) => BigInt(ms) * 1_000_000n;

  test("count ids by the topics they were seen in, with the oldest, and the time that is left", async () => {
    const rule = await makeRule();
    await keep(rule, [
      idAt("a", { seen: [ns(1000), undefined, undefined], nextMs: 2200 }),
      idAt('"b" \\ {ü}', { seen: [ns(900), undefined, undefined], nextMs: 2100 }),
      idAt("c", { seen: [ns(500), undefined, undefined], state: "overdue", overdueMs: 1700 }),
      idAt("d", { seen: [undefined, ns(800), ns(400)], nextMs: 1600 }),
      idAt("done", { seen: [ns(1), ns(1), ns(1)], state: "complete", nextMs: 9000 }),
    ]);
    const found = await combinationsOf(queries, rule, 1500);
    expect(found).toMatchObject({
      counted: 4,
      more: false,
      others: 0,
      axis: { fromMs: -1200, cellMs: 100, cells: 24 },
    });
    const cells = (counts: Record<number, number>) =>
      Array.from({ length: 24 }, (_, i) => counts[i] ?? 0);
    expect(found.combinations).toEqual([
      {
        seen: ["one"],
        missing: ["two", "three"],
        open: 2,
        overdue: 1,
        oldest: { ns: ns(500), id: "c" },
        timeLeft: cells({ 14: 1, 18: 1, 19: 1 }),
      },
      {
        seen: ["two", "three"],
        missing: ["one"],
        open: 1,
        overdue: 0,
        oldest: { ns: ns(400), id: "d" },
        timeLeft: cells({ 13: 1 }),
      },
    ]);
    // Long after the deadline all are in the first cell.
    const late = await combinationsOf(queries, rule, 1_000_000);
    expect(late.combinations[0]?.timeLeft).toEqual(cells({ 0: 3 }));
  });

  test("have no time left without a deadline; a rule may have 32 topics", async () => {
    const topics = Array.from({ length: 32 }, (_, i) => `t${i}`);
    const rule = await makeRule({ places: { topics, id: { key: true } }, deadlineMs: undefined });
    const seen = topics.map((_, i) => (i === 31 || i === 0 ? 5n : undefined));
    await keep(rule, [idAt("a", { seen })]);
    const { axis, combinations } = await combinationsOf(queries, rule, 1500);
    expect(axis).toBeUndefined();
    expect(combinations).toMatchObject([{ seen: ["t0", "t31"], open: 1, timeLeft: undefined }]);
    expect(combinations[0]?.missing.length).toBe(30);
  });

  test("are of a bounded number of ids, the most urgent ones", async () => {
    const rule = await makeRule();
    await database.db.execute(sql`
      insert into ack_ids (rule, id, state, seen, next_ms)
      select ${rule.number}, 'm' || n, 0, case when n % 2 = 0 then '{1,NULL,NULL}'::bigint[]
        else '{1,2,NULL}' end, 1000 + n
      from generate_series(1, 60000) n`);
    const found = await combinationsOf(queries, rule, 1500);
    expect(found).toMatchObject({ counted: 50_001, more: true });
    expect(found.combinations.map(({ open }) => open)).toEqual([25_001, 25_000]);
  }, 30_000);
});
