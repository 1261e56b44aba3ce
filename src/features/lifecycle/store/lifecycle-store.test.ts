import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  anything,
  app,
  event,
  openLifecycleRig,
  startNs,
  stored,
} from "../../../../test/support/lifecycles.ts";
import { seededRandom } from "../../../../test/support/random.ts";
import { systemClock as clock } from "../../../core/clock.ts";
import type { StoredRecord } from "../../../core/record.ts";
import { eventFromRecord } from "../event.ts";
import { type Lifecycle, lifecycleFrom, mergeLifecycles } from "../lifecycle.ts";
import { createLifecycleStore } from "./lifecycle-store.ts";
import { dropOldLifecycles } from "./retention.ts";

const stages = ["created", "stored", "queued", "sent", "read", "answered"];
let rig: Awaited<ReturnType<typeof openLifecycleRig>>;
beforeAll(async () => {
  rig = await openLifecycleRig();
}, 60_000);
afterAll(() => rig.close());

/** What the rows have to be, made without any of the merging. */
function bruteForce(records: readonly StoredRecord[]): Map<string, unknown> {
  const byValue = (a: bigint, b: bigint) => (a < b ? -1 : 1);
  const seen = new Map<string, { event: string; atNs: bigint; receivedNs: bigint }[]>();
  for (const { record, receivedNs } of records) {
    const one = eventFromRecord(record);
    if (one === undefined) continue;
    const id = `${one.appId}/${one.messageId}`;
    seen.set(id, [...(seen.get(id) ?? []), { ...one, receivedNs }]);
  }
  return new Map(
    [...seen].map(([id, all]) => [
      id,
      [...new Set(all.map((one) => one.event))].toSorted().map((name) => {
        const these = all.filter((one) => one.event === name);
        const sorted = these.map((one) => one.atNs).toSorted(byValue);
        const received = these.map((one) => one.receivedNs).toSorted(byValue);
        return {
          event: name,
          firstNs: sorted[0],
          lastNs: sorted.at(-1),
          receivedFirstNs: received[0],
          receivedLastNs: received.at(-1),
          count: these.length,
        };
      }),
    ]),
  );
}

async function allRows(): Promise<Map<string, unknown>> {
  const store = createLifecycleStore(rig.database);
  const rows = await store.list({ ...anything, limit: 1_000_000 }, startNs);
  return new Map(rows.map((row) => [`${row.appId}/${row.messageId}`, row.events]));
}

describe("the projection", () => {
  test("100,000 events in random order, 5 % twice, with commits that are repeated, are as counted by hand", async () => {
    const { target, at } = await rig.emptied();
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
    const records = given.map((one, i) => stored(i + 1, one, startNs + BigInt(i)));
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
    const { target, store, at } = await rig.emptied();
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
            receivedFirstNs: startNs,
            receivedLastNs: startNs,
            count: 1,
          },
          {
            event: "null",
            firstNs: startNs,
            lastNs: startNs,
            receivedFirstNs: startNs,
            receivedLastNs: startNs,
            count: 1,
          },
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

  test("an event merged before times of receipt were kept has none, and those behind it have theirs", async () => {
    const { target, store, at } = await rig.emptied();
    await target.skip(undefined, at);
    const later = startNs + 7n;
    await target.commit(
      [stored(1, event("a", "m", "old", 0)), stored(2, event("a", "m", "both", 0))],
      at,
      {
        epoch: 1,
        sequence: 2,
        index: 0,
      },
    );
    await rig.database.sql`update lifecycles set received_firsts = null, received_lasts = null`;
    const [before] = (await store.ofMessage("m")).lifecycles;
    expect(before?.events.map(({ receivedFirstNs }) => receivedFirstNs)).toEqual([
      undefined,
      undefined,
    ]);
    await target.commit(
      [stored(3, event("a", "m", "both", 5), later), stored(4, event("a", "m", "new", 5), later)],
      { epoch: 1, sequence: 2, index: 0 },
      { epoch: 1, sequence: 4, index: 0 },
    );
    const [after] = (await store.ofMessage("m")).lifecycles;
    const received = after?.events.map((one) => [
      one.event,
      one.receivedFirstNs,
      one.receivedLastNs,
    ]);
    expect(received).toEqual([
      ["both", undefined, undefined],
      ["new", later, later],
      ["old", undefined, undefined],
    ]);
  });

  test("of more event names than are kept, rows keep the same as the merge in memory", async () => {
    const { target, store, at } = await rig.emptied();
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

test("lifecycles go when their last record is older than their app keeps them", async () => {
  const { target, store, at } = await rig.emptied();
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
    const rows = await rig.database.sql<{ app_id: string; n: number }[]>`
      select app_id, count(*)::int as n from lifecycles group by 1 order by 1`;
    return rows.map(({ app_id, n }) => [app_id, n]);
  };
  expect(await dropOldLifecycles(rig.database, 60_000, clock.nowNs())).toBe(1250);
  expect(await counted()).toEqual([
    ["always", 2500],
    ["other", 2500],
    ["short", 1250],
  ]);
  expect(await dropOldLifecycles(rig.database, 20_000, clock.nowNs())).toBe(1250);
  expect(await counted()).toEqual([
    ["always", 2500],
    ["other", 1250],
    ["short", 1250],
  ]);
});
