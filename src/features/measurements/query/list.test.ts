// The list out of a real database and a tail.

import { beforeAll, expect, test } from "bun:test";
import { testPostgres } from "../../../../test/support/postgres.ts";
import { pointAt } from "../../../../test/support/series-reference.ts";
import { emptyTail, tailWith, withSeries } from "../../../../test/support/series-rig.ts";
import { openCaller } from "../../../core/access/caller.ts";
import { systemClock } from "../../../core/clock.ts";
import { rollUpEnded } from "../roller.ts";
import { compareTags, type ListQuery, listSeries } from "./list.ts";

beforeAll(async () => {
  await testPostgres();
}, 60_000);

test("pages by tag, with the newest point of each and how fast they come", async () => {
  await withSeries(async ({ store, rollups, commit }) => {
    const nowNs = systemClock.nowNs();
    const old = nowNs - 3n * 3_600_000_000_000n;
    await commit("b%_", [pointAt(old, 1)]);
    await commit(
      "a",
      Array.from({ length: 60 }, (_, i) => pointAt(nowNs - BigInt(i + 20) * 1_000_000_000n, i)),
    );
    await commit("ａ", [pointAt(nowNs, 2)]);
    await rollUpEnded(rollups, systemClock);
    const tail = tailWith("aa", [pointAt(nowNs, 3)]);
    const list = (query: Partial<ListQuery>) =>
      listSeries(
        { store, tail },
        { prefix: "", after: "", limit: 10, by: openCaller, ...query },
        nowNs,
      );

    const all = await list({});
    expect(all.series.map(({ tag }) => tag)).toEqual(["a", "aa", "b%_", "ａ"]);
    expect(all.series.map(({ last }) => last?.timeNs)).toEqual([
      nowNs - 20_000_000_000n,
      nowNs,
      old,
      nowNs,
    ]);
    // The minute ends up to 16 s ago, and the points begin 20 s ago.
    expect(all.series[0]?.rate).toBeGreaterThan(0.6);
    expect(all.series[0]?.rate).toBeLessThanOrEqual(1);
    expect(all.series[2]?.rate).toBe(0);
    expect(all.next).toBeUndefined();

    const first = await list({ limit: 2 });
    expect([first.series.map(({ tag }) => tag), first.next]).toEqual([["a", "aa"], "aa"]);
    const rest = await list({ limit: 2, after: "aa" });
    expect([rest.series.map(({ tag }) => tag), rest.next]).toEqual([["b%_", "ａ"], undefined]);
    expect((await list({ prefix: "b%" })).series.map(({ tag }) => tag)).toEqual(["b%_"]);
    expect((await list({ prefix: "b_" })).series).toEqual([]);
    expect((await list({ after: "ａ" })).series).toEqual([]);
  });
}, 30_000);

test("a point in the tail is newer than the stored one only when its time is", async () => {
  await withSeries(async ({ store, commit }) => {
    const nowNs = systemClock.nowNs();
    await commit("a", [pointAt(nowNs, 1)]);
    const query = { prefix: "", after: "", limit: 1, by: openCaller };
    const lastWith = async (tail: typeof emptyTail) =>
      (await listSeries({ store, tail }, query, nowNs)).series[0]?.last?.timeNs;
    expect(await lastWith(emptyTail)).toBe(nowNs);
    expect(await lastWith(tailWith("a", [pointAt(nowNs - 1n, 2)]))).toBe(nowNs);
    expect(await lastWith(tailWith("a", [pointAt(nowNs + 1n, 2)]))).toBe(nowNs + 1n);
  });
}, 30_000);

test("tags sort by code points, as UTF-8 does", () => {
  const sorted = ["", "a", "a/", "aa", "b", "z", "é", "￿", "\u{10000}"];
  for (const [i, a] of sorted.entries()) {
    for (const [j, b] of sorted.entries()) {
      expect(Math.sign(compareTags(a, b))).toBe(Math.sign(i - j));
    }
  }
});
