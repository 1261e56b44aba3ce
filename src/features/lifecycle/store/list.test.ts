import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  anything,
  app,
  filled,
  filledNs,
  openLifecycleRig,
  startNs,
} from "../../../../test/support/lifecycles.ts";
import { type LifecycleQuery, showLifecycle } from "../lifecycle.ts";
import { settleApp } from "./settle.ts";

let rig: Awaited<ReturnType<typeof openLifecycleRig>>;
beforeAll(async () => {
  rig = await openLifecycleRig();
}, 60_000);
afterAll(() => rig.close());

describe("lists", () => {
  test("every filter gives what looking at each row gives, in pages of any size", async () => {
    const { store } = await filled(rig);
    const apps = await store.apps(["strict", "patient", "free"]);
    const all = (await store.list({ ...anything, limit: 1000 }, filledNs)).map((row) =>
      showLifecycle(row, apps.get(row.appId), filledNs),
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
    const newest = filters.map((filter) => ({ ...filter, isNewestFirst: true as const }));
    for (const filter of [...filters, ...newest]) {
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
        const rows = await store.list({ ...anything, ...filter, after, limit: 97 }, filledNs);
        const page = rows.slice(0, 97);
        found.push(...page.map((row) => row.messageId));
        after = rows.length > 97 ? page.at(-1) : undefined;
      } while (after !== undefined);
      const ids = wanted.map((row) => row.messageId);
      const inOrder = filter.isNewestFirst === true ? ids.toReversed() : ids;
      expect({ filter, found }).toEqual({ filter, found: inOrder });
    }
  }, 30_000);

  test("a change of what an app expects is followed by its rows", async () => {
    const { store } = await filled(rig);
    const complete = async (appId: string) =>
      (await store.list({ ...anything, appId, state: "complete" }, filledNs)).length;
    expect([await complete("free"), await complete("strict")]).toEqual([0, 225]);
    await store.setApp(app("free", ["sent"]));
    await store.setApp(app("strict", ["created"]));
    expect([await complete("free"), await complete("strict")]).toEqual([225, 300]);
    await store.setApp(app("free", []));
    expect(await complete("free")).toBe(0);
    // One that was interrupted is finished by the upkeep.
    await store.setApp(app("free", ["created"]));
    await rig.database.sql`update lifecycles set complete = false where app_id = 'free'`;
    await rig.database.sql`update lifecycle_apps set settled = revision - 1 where app_id = 'free'`;
    await settleApp(rig.database, "free", 1);
    await settleApp(rig.database, "free", Number.POSITIVE_INFINITY);
    expect(await complete("free")).toBe(300);
  });

  test("the funnel counts and measures as by hand", async () => {
    const { store } = await filled(rig);
    const query = { appId: "strict", stages: ["created", "sent", "never"], max: 300 };
    const all = { ...query, sinceNs: undefined, untilNs: undefined };
    expect(await store.funnel(all)).toEqual({
      lifecycles: 300,
      more: false,
      stages: [
        { event: "created", reached: 300, repeats: 0, delayMs: undefined },
        { event: "sent", reached: 225, repeats: 0, delayMs: { p50: 500, p90: 500, p99: 500 } },
        { event: "never", reached: 0, repeats: 0, delayMs: undefined },
      ],
    });
    const some = { ...query, sinceNs: startNs + 600_000_000_000n, untilNs: undefined };
    expect(await store.funnel(some)).toMatchObject({ lifecycles: 100, more: false });
    // Of the newest 100, whether they are complete or not.
    const newest = await store.funnel({ ...all, max: 100 });
    expect(newest).toEqual({ ...(await store.funnel({ ...some, max: 100 })), more: true });
    expect(await store.funnel({ ...all, max: 299 })).toMatchObject({ lifecycles: 299, more: true });
  });
});
