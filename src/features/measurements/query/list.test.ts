// The list out of a real database and a tail.

import { beforeAll, expect, test } from "bun:test";
import { testPostgres } from "../../../../test/support/postgres.ts";
import { pointAt } from "../../../../test/support/series-reference.ts";
import { emptyTail, tailWith, withSeries } from "../../../../test/support/series-rig.ts";
import { Caller, openCaller } from "../../../core/access/caller.ts";
import { Grants, parseGrant } from "../../../core/access/grant.ts";
import { systemClock } from "../../../core/clock.ts";
import { rollUpEnded } from "../roller.ts";
import { compareTags, type ListQuery, listSeries } from "./list.ts";
import { pausesBetween, recentSeries } from "./recent.ts";

const everything = { prefix: "", part: "", sort: "tag", after: undefined, by: openCaller } as const;

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
      listSeries({ store, tail }, { ...everything, limit: 10, ...query }, nowNs);

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
    expect([first.series.map(({ tag }) => tag), first.next?.tag]).toEqual([["a", "aa"], "aa"]);
    const rest = await list({ limit: 2, after: first.next });
    expect([rest.series.map(({ tag }) => tag), rest.next]).toEqual([["b%_", "ａ"], undefined]);
    expect((await list({ prefix: "b%" })).series.map(({ tag }) => tag)).toEqual(["b%_"]);
    expect((await list({ prefix: "b_" })).series).toEqual([]);
    expect((await list({ after: { rank: 0n, tag: "ａ" } })).series).toEqual([]);
    expect((await list({ part: "A" })).series.map(({ tag }) => tag)).toEqual(["a", "aa"]);
    expect((await list({ part: "%_" })).series.map(({ tag }) => tag)).toEqual(["b%_"]);
  });
}, 30_000);

test("a point in the tail is newer than the stored one only when its time is", async () => {
  await withSeries(async ({ store, commit }) => {
    const nowNs = systemClock.nowNs();
    await commit("a", [pointAt(nowNs, 1)]);
    const query = { ...everything, limit: 1 };
    const lastWith = async (tail: typeof emptyTail) =>
      (await listSeries({ store, tail }, query, nowNs)).series[0]?.last?.timeNs;
    expect(await lastWith(emptyTail)).toBe(nowNs);
    expect(await lastWith(tailWith("a", [pointAt(nowNs - 1n, 2)]))).toBe(nowNs);
    expect(await lastWith(tailWith("a", [pointAt(nowNs + 1n, 2)]))).toBe(nowNs + 1n);
  });
}, 30_000);

test("by rate and by silence, as of the rollups, in pages without repetition", async () => {
  await withSeries(async ({ store, rollups, commit }) => {
    const nowNs = systemClock.nowNs();
    const every = (seconds: number, ageS: number) =>
      Array.from({ length: Math.floor(60 / seconds) }, (_, i) =>
        pointAt(nowNs - BigInt(ageS + i * seconds) * 1_000_000_000n, i),
      );
    await commit("slow", every(6, 26));
    await commit("fast", every(1, 20));
    await commit("gone", every(1, 4000));
    await commit("Long gone", every(1, 8000));
    await rollUpEnded(rollups, systemClock);
    // It is not rolled up yet.
    await commit("new", [pointAt(nowNs, 1)]);
    const sources = { store, tail: tailWith("gone", [pointAt(nowNs - 9n, 3)]) };
    const paged = async (query: Partial<ListQuery>) => {
      const found: (readonly [tag: string, rate: number])[] = [];
      for (let after: ListQuery["after"], pages = 0; pages < 9; pages++) {
        const page = await listSeries(sources, { ...everything, limit: 2, after, ...query }, nowNs);
        found.push(...page.series.map(({ tag, rate }) => [tag, rate] as const));
        if (page.next === undefined) break;
        after = page.next;
      }
      return found;
    };
    const byRate = await paged({ sort: "rate" });
    expect(byRate.map(([tag]) => tag)).toEqual(["fast", "slow", "Long gone", "gone", "new"]);
    expect(byRate[0]?.[1]).toBeGreaterThan(0.6);
    const silent = await paged({ sort: "silent" });
    expect(silent.map(([tag]) => tag)).toEqual(["Long gone", "gone", "slow", "fast", "new"]);
    expect((await paged({ sort: "silent", part: "GONE" })).map(([tag]) => tag)).toEqual([
      "Long gone",
      "gone",
    ]);
    const few = new Caller({
      ...{ kind: "key", id: "key:k", name: "k" },
      grants: new Grants([parseGrant("read series:s*")]),
    });
    expect((await paged({ sort: "rate", by: few })).map(([tag]) => tag)).toEqual(["slow"]);
  });
}, 30_000);

test("an older bucket that is rolled up again keeps the place of its tag", async () => {
  await withSeries(async ({ store, rollups, commit }) => {
    const nowNs = systemClock.nowNs();
    const s = 1_000_000_000n;
    await commit("a", [pointAt(nowNs - 29n * s, 1), pointAt(nowNs - 31n * s, 1)]);
    await commit("b", [pointAt(nowNs - 30n * s, 1)]);
    await rollUpEnded(rollups, systemClock);
    await commit("a", [pointAt(nowNs - 7200n * s, 1)]);
    await rollUpEnded(rollups, systemClock);
    const list = async (sort: "rate" | "silent") => {
      const query = { ...everything, sort, limit: 10 };
      const { series } = await listSeries({ store, tail: emptyTail }, query, nowNs);
      return series.map(({ tag }) => tag);
    };
    expect(await list("rate")).toEqual(["a", "b"]);
    expect(await list("silent")).toEqual(["b", "a"]);
  });
}, 30_000);

test("what a few have done lately: counts by ten seconds, rates and pauses", async () => {
  await withSeries(async ({ store, rollups, commit }) => {
    const s = 1_000_000_000n;
    const nowNs = (systemClock.nowNs() / (10n * s)) * 10n * s;
    const start = nowNs - 610n * s;
    await commit(
      "a",
      [...Array.from({ length: 590 }, (_, i) => start + BigInt(i) * s), nowNs - 11n * s].map((ns) =>
        pointAt(ns, 1),
      ),
    );
    await commit("other", [pointAt(nowNs - 20n * s, 1)]);
    await rollUpEnded(rollups, systemClock);
    const sources = { store, tail: tailWith("only here", [pointAt(nowNs, 3)]) };
    const asked = ["only here", "a", "nothing", "a"];
    const { span, series } = await recentSeries(sources, asked, openCaller, nowNs);
    expect(span).toEqual({ fromNs: start, toNs: nowNs - 10n * s });
    expect(series.map(({ tag }) => tag)).toEqual(["only here", "a"]);
    const [tailed, a] = series;
    expect([tailed?.last?.timeNs, tailed?.rate, tailed?.pauses]).toEqual([nowNs, 0, undefined]);
    expect(a?.counts).toEqual([...Array.from({ length: 59 }, () => 10), 1]);
    expect(a?.rate).toBeCloseTo(51 / 60, 9);
    expect(a?.last?.timeNs).toBe(nowNs - 11n * s);
    expect(a?.pauses).toEqual({ p50Ns: s, p99Ns: s });
    const few = new Caller({ kind: "key", id: "key:k", name: "k", grants: Grants.none });
    expect((await recentSeries(sources, asked, few, nowNs)).series).toEqual([]);
  });
}, 30_000);

test("pauses are those between times that fall", () => {
  expect(pausesBetween([])).toBeUndefined();
  expect(pausesBetween([5n])).toBeUndefined();
  expect(pausesBetween([100n, 90n, 40n, 39n])).toEqual({ p50Ns: 10n, p99Ns: 50n });
});

test("tags sort by code points, as UTF-8 does", () => {
  const sorted = ["", "a", "a/", "aa", "b", "z", "é", "￿", "\u{10000}"];
  for (const [i, a] of sorted.entries()) {
    for (const [j, b] of sorted.entries()) {
      expect(Math.sign(compareTags(a, b))).toBe(Math.sign(i - j));
    }
  }
});
