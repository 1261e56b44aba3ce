import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  anything,
  event,
  filled,
  filledNs,
  openLifecycleRig,
  startNs,
  stored,
} from "../../../../test/support/lifecycles.ts";
import { compareTexts, type LifecycleQuery, showLifecycle } from "../lifecycle.ts";
import { createPrefixList } from "./prefix.ts";

let rig: Awaited<ReturnType<typeof openLifecycleRig>>;
beforeAll(async () => {
  rig = await openLifecycleRig();
}, 60_000);
afterAll(() => rig.close());

describe("searches", () => {
  test("by the beginning of the id, every page is in the order of ids, whatever else is filtered", async () => {
    const { store, target } = await filled(rig);
    const from = await target.position();
    if (from === undefined) throw new Error("It has a position");
    const odd = ["m-1%", "m-1\u{10ffff}", "m-1\u{10ffff}\u{10ffff}x", "m-2"];
    const records = odd.map((id, i) =>
      stored(from.sequence + i + 1, event("free", id, "created", 0)),
    );
    await target.commit(records, from, { ...from, sequence: from.sequence + odd.length });
    const all = await store.list({ ...anything, limit: 2000 }, filledNs);
    const apps = await store.apps(["strict", "patient", "free"]);
    // A page looks at fewer rows than it may have, so that some are empty.
    const listByPrefix = createPrefixList(rig.database, 13);
    for (const filter of [
      {},
      { appId: "strict", state: "overdue" as const },
      { state: "complete" as const, untilNs: startNs + 500_000_000_000n },
      { missing: "sent" },
    ]) {
      const wanted = all
        .map((row) => showLifecycle(row, apps.get(row.appId), filledNs))
        .filter(
          (row) =>
            row.messageId.startsWith("m-1") &&
            (filter.appId === undefined || row.appId === filter.appId) &&
            (filter.state === undefined || row.state === filter.state) &&
            (filter.missing === undefined || row.missing.includes(filter.missing)) &&
            row.firstNs < (filter.untilNs ?? 2n ** 62n),
        )
        .map((row) => row.messageId)
        .toSorted(compareTexts);
      const found: string[] = [];
      let after: LifecycleQuery["after"];
      do {
        const query = { ...anything, ...filter, idPrefix: "m-1", after, limit: 17 };
        const page = await listByPrefix(query, filledNs);
        found.push(...page.lifecycles.map((row) => row.messageId));
        after = page.next;
      } while (after !== undefined);
      expect({ filter, found }).toEqual({ filter, found: wanted });
    }
  });

  test("by external id, with every other filter", async () => {
    const { store } = await filled(rig);
    await rig.database.sql`update lifecycles set external_id = 'x' where message_id like 'm-1%'`;
    const ids = async (filter: Partial<LifecycleQuery>) => {
      const rows = await store.list({ ...anything, externalId: "x", ...filter }, filledNs);
      return rows.map((row) => row.messageId);
    };
    const all = await ids({});
    expect(all.length).toBe(111);
    expect(all.slice(0, 3)).toEqual(["m-1", "m-10", "m-11"]);
    expect((await ids({ state: "complete" })).length + (await ids({ state: "open" })).length).toBe(
      111 - (await ids({ state: "overdue" })).length,
    );
    expect(
      await ids({ appId: "strict", missing: "sent", untilNs: startNs + 150_000_000_000n }),
    ).toEqual(["m-12", "m-108", "m-120", "m-132", "m-144"]);
    expect(await ids({ idPrefix: undefined, externalId: "X" })).toEqual([]);
    const page = await store.listByPrefix(
      { ...anything, externalId: "x", idPrefix: "m-" },
      filledNs,
    );
    expect(page.lifecycles.length).toBe(111);
  });

  test("states and what is missing by minute are counted as by looking at each row", async () => {
    const { store } = await filled(rig);
    expect(await store.states("strict", filledNs)).toEqual({
      complete: 225,
      overdue: 37,
      open: 38,
    });
    expect(await store.states("free", filledNs)).toEqual({ complete: 0, overdue: 0, open: 300 });
    expect(await store.states("nobody", filledNs)).toEqual({ complete: 0, overdue: 0, open: 0 });
    const minuteNs = 60_000_000_000n;
    const span = {
      fromNs: (startNs / minuteNs) * minuteNs,
      toNs: (startNs / minuteNs + 5n) * minuteNs,
    };
    const rows = await store.missingByMinute("strict", ["created", "sent", "never"], span);
    const all = await store.list({ ...anything, appId: "strict" }, filledNs);
    const wanted = [...Map.groupBy(all, ({ firstNs }) => (firstNs / minuteNs) * minuteNs)]
      .filter(([at]) => at >= span.fromNs && at < span.toNs)
      .map(([at, of]) => ({
        minuteNs: at,
        lifecycles: of.length,
        missing: [0, of.filter(({ events }) => events.length === 1).length, of.length],
      }))
      .toReversed();
    expect(rows).toEqual(wanted);
    expect(rows.length).toBe(5);
  });
});
