import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type TestDatabase, testPostgres } from "../../../../test/support/postgres.ts";
import { seededRandom } from "../../../../test/support/random.ts";
import { systemClock as clock } from "../../../core/clock.ts";
import { jsonType, type StoredRecord } from "../../../core/record.ts";
import { type Database, openDatabase } from "../../../postgres/database.ts";
import { migrate } from "../../../postgres/migrate.ts";
import { eventFromRecord } from "../event.ts";
import {
  type AppSettings,
  type Lifecycle,
  lifecycleFrom,
  type LifecycleQuery,
  mergeLifecycles,
  showLifecycle,
} from "../lifecycle.ts";
import { createLifecycleStore } from "./lifecycle-store.ts";
import { createLifecycleProjection } from "./projection.ts";
import { dropOldLifecycles } from "./retention.ts";
import { settleApp } from "./settle.ts";

const stages = ["created", "stored", "queued", "sent", "read", "answered"];
const startNs = 1_795_000_000_000_000_000n;
const utf8 = new TextEncoder();

let held: TestDatabase;
let database: Database;
beforeAll(async () => {
  held = await (await testPostgres()).createDatabase();
  await migrate({ url: held.url });
  database = openDatabase({ url: held.url });
}, 60_000);
afterAll(async () => {
  await database.close();
  await held.drop();
});

async function emptied() {
  await database.sql`truncate lifecycles, lifecycle_apps`;
  await database.sql`delete from projections where name = 'lifecycle'`;
  await database.sql`update lifecycle_progress set undecodable = 0`;
  return {
    target: createLifecycleProjection(database),
    store: createLifecycleStore(database),
    at: { epoch: 1, sequence: 0, index: 0 },
  };
}

function stored(sequence: number, value: unknown, receivedNs = startNs): StoredRecord {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return {
    record: {
      value: utf8.encode(text),
      key: "",
      contentType: jsonType,
      schemaId: 0,
      timeNs: receivedNs,
    },
    position: { epoch: 1, sequence, index: 0 },
    receivedNs,
  };
}

function timeText(ms: number): string {
  return new Date(Number(startNs / 1_000_000n) + ms).toISOString();
}

function event(appId: string, messageId: string, name: string, ms: number) {
  return { app_id: appId, message_id: messageId, event: name, created_at: timeText(ms) };
}

/** What the rows have to be, made without any of the merging. */
function bruteForce(records: readonly StoredRecord[]): Map<string, unknown> {
  const seen = new Map<string, { event: string; atNs: bigint }[]>();
  for (const { record } of records) {
    const one = eventFromRecord(record);
    if (one === undefined) continue;
    const id = `${one.appId}/${one.messageId}`;
    seen.set(id, [...(seen.get(id) ?? []), one]);
  }
  return new Map(
    [...seen].map(([id, all]) => [
      id,
      [...new Set(all.map((one) => one.event))].toSorted().map((name) => {
        const times = all.filter((one) => one.event === name).map((one) => one.atNs);
        const sorted = times.toSorted((a, b) => (a < b ? -1 : 1));
        return { event: name, firstNs: sorted[0], lastNs: sorted.at(-1), count: times.length };
      }),
    ]),
  );
}

async function allRows(): Promise<Map<string, unknown>> {
  const store = createLifecycleStore(database);
  const rows = await store.list({ ...anything, limit: 1_000_000 }, startNs);
  return new Map(rows.map((row) => [`${row.appId}/${row.messageId}`, row.events]));
}

const anything: LifecycleQuery = {
  appId: undefined,
  state: undefined,
  missing: undefined,
  event: undefined,
  sinceNs: undefined,
  untilNs: undefined,
  after: undefined,
  limit: 1000,
};

function app(appId: string, expected: readonly string[], deadlineMs?: number): AppSettings {
  return { appId, expected, deadlineMs, retentionMs: undefined };
}

describe("the projection", () => {
  test("100,000 events in random order, 5 % twice, with commits that are repeated, are as counted by hand", async () => {
    const { target, at } = await emptied();
    const seed = 20_261_121;
    const random = seededRandom(seed);
    const given: unknown[] = [];
    for (let i = 0; i < 95_238; i++) {
      const [id, stage] = [random.int(10_000), random.int(stages.length)];
      const one = event(`app-${id % 3}`, `m-${id}`, stages[stage] ?? "", id + random.int(60_000));
      given.push(one);
      if (random.chance(0.05)) given.push(one);
    }
    for (let i = given.length - 1; i > 0; i--) {
      const j = random.int(i + 1);
      [given[i], given[j]] = [given[j], given[i]];
    }
    const records = given.map((one, i) => stored(i + 1, one));
    await target.skip(undefined, at);
    let from = at;
    for (let i = 0; i < records.length;) {
      const batch = records.slice(i, i + 1 + random.int(10_000));
      const to = { epoch: 1, sequence: i + batch.length, index: 0 };
      await target.commit(batch, from, to);
      // An answer that was lost: the same again is a conflict, and changes nothing.
      if (random.chance(0.3)) {
        await expect(target.commit(batch, from, to)).rejects.toMatchObject({ code: "conflict" });
      }
      from = to;
      i += batch.length;
    }
    expect(await target.position()).toEqual(from);
    expect({ seed, rows: await allRows() }).toEqual({ seed, rows: bruteForce(records) });
  }, 60_000);

  test("what is no event is counted and passed over; odd names and times are kept exactly", async () => {
    const { target, store, at } = await emptied();
    await target.skip(undefined, at);
    const odd = { app_id: 'a"{},\\', message_id: "🙂 , {}", event: 'NULL "x" \\ {y}' };
    const records = [
      stored(1, "no JSON"),
      stored(2, { app_id: "a", event: "created" }),
      stored(3, { ...odd, created_at: "2026-11-21T12:00:00.123456789+02:00", external_id: "x-2" }),
      stored(4, { ...odd, event: "null", created_at: "Hello", external_id: "x-10" }),
      stored(5, { ...odd, event: "", created_at: "Hello" }),
    ];
    await target.commit(records, at, { epoch: 1, sequence: 5, index: 0 });
    const { lifecycles, through } = await store.ofMessage(odd.message_id);
    expect(through).toEqual({ epoch: 1, sequence: 5, index: 0 });
    expect(lifecycles).toEqual([
      {
        appId: odd.app_id,
        messageId: odd.message_id,
        events: [
          {
            event: odd.event,
            firstNs: 1_795_255_200_123_456_789n,
            lastNs: 1_795_255_200_123_456_789n,
            count: 1,
          },
          { event: "null", firstNs: startNs, lastNs: startNs, count: 1 },
        ],
        total: 2,
        firstNs: startNs,
        lastNs: 1_795_255_200_123_456_789n,
        externalId: "x-10",
        seenNs: startNs,
        touchedNs: startNs,
      },
    ]);
    expect(await store.progress()).toEqual({ through, undecodable: 3 });
  });

  test("of more event names than are kept, rows keep the same as the merge in memory", async () => {
    const { target, store, at } = await emptied();
    await target.skip(undefined, at);
    const random = seededRandom(3);
    let expected: Lifecycle | undefined;
    let from = at;
    for (let batch = 0; batch < 4; batch++) {
      const records = Array.from({ length: 90 }, (_, i) =>
        stored(batch * 90 + i + 1, event("a", "m", `e${random.int(300)}`, i)),
      );
      for (const one of records) {
        const decoded = eventFromRecord(one.record);
        if (decoded === undefined) throw new Error("It is an event");
        const fresh = lifecycleFrom(decoded, one);
        expected = expected === undefined ? fresh : mergeLifecycles(expected, fresh);
      }
      const to = { epoch: 1, sequence: (batch + 1) * 90, index: 0 };
      await target.commit(records, from, to);
      from = to;
    }
    expect(expected?.events.length).toBe(100);
    expect((await store.ofMessage("m")).lifecycles).toEqual(
      expected === undefined ? [] : [expected],
    );
  });
});

describe("lists", () => {
  /** 900 ids of three apps, some of whose events are missing, first events a second apart. */
  async function filled() {
    const rig = await emptied();
    const { target, store, at } = rig;
    await store.setApp(app("strict", ["created", "sent"], 60_000));
    await store.setApp(app("patient", ["created", "sent"]));
    await target.skip(undefined, at);
    const records: StoredRecord[] = [];
    for (let i = 0; i < 900; i++) {
      const appId = ["strict", "patient", "free"][i % 3] ?? "";
      records.push(stored(records.length + 1, event(appId, `m-${i}`, "created", i * 1000)));
      if (i % 4 > 0) {
        records.push(stored(records.length + 1, event(appId, `m-${i}`, "sent", i * 1000 + 500)));
      }
    }
    await target.commit(records, at, { epoch: 1, sequence: records.length, index: 0 });
    return rig;
  }
  const nowNs = startNs + 500_000_000_000n;

  test("every filter gives what looking at each row gives, in pages of any size", async () => {
    const { store } = await filled();
    const apps = await store.apps(["strict", "patient", "free"]);
    const all = (await store.list({ ...anything, limit: 1000 }, nowNs)).map((row) =>
      showLifecycle(row, apps.get(row.appId), nowNs),
    );
    expect(all.length).toBe(900);
    const counts = Map.groupBy(all, ({ state }) => state);
    expect(Object.fromEntries([...counts].map(([state, of]) => [state, of.length]))).toEqual({
      complete: 450,
      open: 413,
      overdue: 37,
    });
    const filters: Partial<LifecycleQuery>[] = [];
    for (const appId of [undefined, "strict", "patient", "free", "nobody"]) {
      for (const state of [undefined, "complete", "open", "overdue"] as const) {
        filters.push({ appId, state });
        filters.push({ appId, state, missing: "sent" }, { appId, state, event: "sent" });
      }
      filters.push({ appId, sinceNs: startNs + 100_000_000_000n });
      filters.push({ appId, untilNs: startNs + 100_000_000_000n, state: "overdue" });
    }
    for (const filter of filters) {
      const wanted = all.filter(
        (row) =>
          (filter.appId === undefined || row.appId === filter.appId) &&
          (filter.state === undefined || row.state === filter.state) &&
          (filter.missing === undefined || row.missing.includes(filter.missing)) &&
          (filter.event === undefined || row.events.some((e) => e.event === filter.event)) &&
          row.firstNs >= (filter.sinceNs ?? 0n) &&
          row.firstNs < (filter.untilNs ?? 2n ** 62n),
      );
      const found: string[] = [];
      let after: LifecycleQuery["after"];
      do {
        const rows = await store.list({ ...anything, ...filter, after, limit: 97 }, nowNs);
        const page = rows.slice(0, 97);
        found.push(...page.map((row) => row.messageId));
        after = rows.length > 97 ? page.at(-1) : undefined;
      } while (after !== undefined);
      expect({ filter, found }).toEqual({ filter, found: wanted.map((row) => row.messageId) });
    }
  }, 30_000);

  test("a change of what an app expects is followed by its rows", async () => {
    const { store } = await filled();
    const complete = async (appId: string) =>
      (await store.list({ ...anything, appId, state: "complete" }, nowNs)).length;
    expect([await complete("free"), await complete("strict")]).toEqual([0, 225]);
    await store.setApp(app("free", ["sent"]));
    await store.setApp(app("strict", ["created"]));
    expect([await complete("free"), await complete("strict")]).toEqual([225, 300]);
    await store.setApp(app("free", []));
    expect(await complete("free")).toBe(0);
    // One that was interrupted is finished by the upkeep.
    await store.setApp(app("free", ["created"]));
    await database.sql`update lifecycles set complete = false where app_id = 'free'`;
    await database.sql`update lifecycle_apps set settled = revision - 1 where app_id = 'free'`;
    await settleApp(database, "free", 1);
    await settleApp(database, "free", Number.POSITIVE_INFINITY);
    expect(await complete("free")).toBe(300);
  });

  test("the funnel counts and measures as by hand", async () => {
    const { store } = await filled();
    const query = { appId: "strict", stages: ["created", "sent", "never"] };
    expect(await store.funnel({ ...query, sinceNs: undefined, untilNs: undefined })).toEqual({
      lifecycles: 300,
      stages: [
        { event: "created", reached: 300, delayMs: undefined },
        { event: "sent", reached: 225, delayMs: { p50: 500, p90: 500, p99: 500 } },
        { event: "never", reached: 0, delayMs: undefined },
      ],
    });
    const some = { ...query, sinceNs: startNs + 600_000_000_000n, untilNs: undefined };
    expect(await store.funnel(some)).toMatchObject({ lifecycles: 100 });
  });
});

test("lifecycles go when their last record is older than their app keeps them", async () => {
  const { target, store, at } = await emptied();
  await target.skip(undefined, at);
  await store.setApp({ ...app("short", []), retentionMs: 20_000 });
  await store.setApp({ ...app("always", []), retentionMs: 0 });
  const nowNs = clock.nowNs();
  const records = ["short", "always", "other"].flatMap((appId, a) =>
    Array.from({ length: 2500 }, (_, i) => {
      const ageMs = i % 2 === 0 ? 30_000n : 0n;
      return stored(a * 2500 + i + 1, event(appId, `m-${i}`, "x", 0), nowNs - ageMs * 1_000_000n);
    }),
  );
  await target.commit(records, at, { epoch: 1, sequence: records.length, index: 0 });
  const counted = async () => {
    const rows = await database.sql<{ app_id: string; n: number }[]>`
      select app_id, count(*)::int as n from lifecycles group by 1 order by 1`;
    return rows.map(({ app_id, n }) => [app_id, n]);
  };
  expect(await dropOldLifecycles(database, 60_000, clock.nowNs())).toBe(1250);
  expect(await counted()).toEqual([
    ["always", 2500],
    ["other", 2500],
    ["short", 1250],
  ]);
  expect(await dropOldLifecycles(database, 20_000, clock.nowNs())).toBe(1250);
  expect(await counted()).toEqual([
    ["always", 2500],
    ["other", 1250],
    ["short", 1250],
  ]);
});
