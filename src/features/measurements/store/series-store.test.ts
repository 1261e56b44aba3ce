// Answers out of a real database against the plainest way to each: rolled up or not, in the tail or
// stored, replaced, over the edges of hours, and where there is nothing.

import { beforeAll, describe, expect, test } from "bun:test";
import { testPostgres } from "../../../../test/support/postgres.ts";
import { type Random, seededRandom } from "../../../../test/support/random.ts";
import {
  asOfReference,
  drawBelow,
  drawSeries,
  meanOf,
  near,
  pointAt,
  type Reference,
  referenceOf,
} from "../../../../test/support/series-reference.ts";
import {
  emptyTail,
  type SeriesRig,
  tailWith,
  withSeries,
} from "../../../../test/support/series-rig.ts";
import { systemClock } from "../../../core/clock.ts";
import { valuesToNumbers } from "../measurement.ts";
import { asOfJoin, sampleInstants } from "../query/as-of.ts";
import { mergePoints } from "../query/merge.ts";
import {
  type Aggregate,
  querySeries,
  readSamples,
  type SeriesAnswer,
  type SeriesQuery,
} from "../query/query.ts";
import { rollUpEnded } from "../roller.ts";
import type { SeriesPoint, Span } from "../series-port.ts";

const s = 1_000_000_000n;
const hour = 3600n * s;
const nowHour = (systemClock.nowNs() / hour) * hour;
const tag = "a/b,c:d";

beforeAll(async () => {
  await testPostgres();
}, 60_000);

/** Five hours of which the third has nothing; ended long enough ago to be rolled up. */
function drawHours(random: Random): SeriesPoint[] {
  const all = { fromNs: nowHour - 6n * hour, toNs: nowHour - hour };
  return drawSeries(random, all, 1500).filter(
    ({ timeNs }) => timeNs < nowHour - 4n * hour || timeNs >= nowHour - 3n * hour,
  );
}

test("samples are the as-of join, whatever the range", async () => {
  await withSeries(async ({ store, commit }) => {
    const random = seededRandom(11);
    const points = drawHours(random);
    await commit(tag, points);
    await commit("silent", [pointAt(nowHour - 5n * hour, 1), pointAt(nowHour - hour - 1n, 2)]);
    const replaced = points
      .filter(() => random.chance(0.1))
      .map(({ timeNs }) => pointAt(timeNs, 5));
    const kept = mergePoints(points, replaced);
    const tails = { none: [], some: replaced, new: [pointAt(nowHour, 9, 9)] };
    for (let i = 0; i < 60; i++) {
      const startNs = nowHour - 7n * hour + drawBelow(random, 7n * hour);
      const endNs = startNs + 1n + drawBelow(random, 4n * hour);
      const count = [1, 2, 3, 50, 1000][i % 5] ?? 1;
      for (const [name, tail] of Object.entries(tails)) {
        const query = { tag, startNs, endNs, points: count };
        const found = await readSamples({ store, tail: tailWith(tag, tail) }, query);
        const all = name === "none" ? points : mergePoints(name === "some" ? kept : points, tail);
        const wanted = sampleInstants(startNs, endNs, count).map((ns) => asOfReference(all, ns));
        expect(found.points.map(shown)).toEqual(wanted.map(shown));
      }
    }
    const silent = await store.asOf("silent", sampleInstants(nowHour - 6n * hour, nowHour, 1000));
    expect(silent?.map(({ timeNs }) => timeNs)).toEqual([nowHour - 5n * hour, nowHour - hour - 1n]);
  });
}, 30_000);

test("samples of a series that is dense and then sparse, queried in turn", async () => {
  await withSeries(async ({ store, commit }) => {
    const startNs = nowHour - 3n * hour;
    const dense = Array.from({ length: 3000 }, (_, i) =>
      pointAt(startNs + BigInt(i) * (s / 50n), i),
    );
    const sparse = Array.from({ length: 20 }, (_, i) =>
      pointAt(startNs + BigInt(i + 1) * 427n * s, i),
    );
    const points = [...dense, ...sparse];
    await commit(tag, points);
    const spans = {
      dense: [0n, 60n],
      sparse: [3000n, 9000n],
      both: [30n, 9000n],
      after: [8600n, 8700n],
    };
    for (const names of [Object.keys(spans), Object.keys(spans).toReversed()]) {
      for (const name of names) {
        const [from = 0n, to = 0n] = spans[name as keyof typeof spans];
        const query = { tag, startNs: startNs + from * s, endNs: startNs + to * s, points: 1000 };
        const found = await readSamples({ store, tail: emptyTail }, query);
        const wanted = found.instants.map((ns) => asOfReference(points, ns));
        expect([name, found.points.map(shown)]).toEqual([name, wanted.map(shown)]);
      }
    }
  });
}, 30_000);

test("samples at the ends of int64, of one point, of none, of an unknown tag", async () => {
  await withSeries(async ({ store, commit }) => {
    const only = pointAt(nowHour - 2n * hour, 1.5, -0.25);
    await commit(tag, [only]);
    const ends = [-(2n ** 63n), only.timeNs - 1n, only.timeNs, 2n ** 63n - 1n];
    const found = asOfJoin((await store.asOf(tag, ends)) ?? [], ends);
    expect(found.map(shown)).toEqual([undefined, undefined, shown(only), shown(only)]);
    const whole = sampleInstants(-(2n ** 63n), 2n ** 63n - 1n, 10_000);
    const samples = asOfJoin((await store.asOf(tag, whole)) ?? [], whole);
    expect(samples.filter((point) => point !== undefined)).toHaveLength(
      whole.filter((ns) => ns >= only.timeNs).length,
    );
    expect(await store.asOf("nobody", ends)).toBeUndefined();
    const query = { tag: "nobody", startNs: 0n, endNs: 1n, points: 1 };
    expect(readSamples({ store, tail: emptyTail }, query)).rejects.toThrow('no series "nobody"');
  });
}, 30_000);

const rolled: readonly Aggregate[] = ["min", "max", "mean", "twa", "count", "moving"];

describe("aggregates are what looking at every point gives", () => {
  test("before, while and after they are rolled up, replaced, and with a tail", async () => {
    await withSeries(async ({ store, rollups, commit }) => {
      const random = seededRandom(5);
      let points: readonly SeriesPoint[] = drawHours(random);
      await commit(tag, points);
      await expectAggregates(store, points, [], random);

      expect(await rollUpEnded(rollups, systemClock)).toBeGreaterThan(300);
      expect(await rollups.waiting()).toBe(0);
      await expectAggregates(store, points, [], random);

      // Late ones, of which some replace: their buckets are out of date until the next round.
      const late = drawSeries(random, { fromNs: nowHour - 5n * hour, toNs: nowHour - hour }, 60);
      const again = points
        .filter(() => random.chance(0.02))
        .map(({ timeNs }) => pointAt(timeNs, 3e3));
      const changes = mergePoints(late, again);
      await expectAggregates(store, points, changes, random);
      await commit(tag, changes);
      points = mergePoints(points, changes);
      expect(await rollups.waiting()).toBeGreaterThan(0);
      await expectAggregates(store, points, [], random);
      await rollUpEnded(rollups, systemClock);
      await expectAggregates(store, points, [], random);
    });
  }, 30_000);

  test("also where the series is in the tail alone, has one point, or none in the range", async () => {
    await withSeries(async ({ store, commit }) => {
      const random = seededRandom(8);
      await expectAggregates(store, [], drawHours(random), random);
      const only = [pointAt(nowHour - 3n * hour, 4)];
      await expectAggregates(store, [], only, random);
      await commit(tag, only);
      await expectAggregates(store, only, [], random);
    });
  }, 30_000);
});

test("wide cells are read from rollups alone", async () => {
  await withSeries(async ({ database, store, rollups, commit }) => {
    await commit(tag, drawHours(seededRandom(3)));
    await rollUpEnded(rollups, systemClock);
    const query = queryOf("mean", { fromNs: nowHour - 6n * hour, toNs: nowHour }, 30);
    const before = await querySeries({ store, tail: emptyTail }, query);
    await database.sql`delete from measurements where tag = (select id from series_tags where tag = ${tag})`;
    expect(await querySeries({ store, tail: emptyTail }, query)).toEqual(before);
  });
}, 30_000);

test("a last value says when it was measured, and its band is of cells", async () => {
  await withSeries(async ({ store, commit }) => {
    const at = nowHour - hour;
    const points = [pointAt(at + 3n, 7), pointAt(at + 5n, 9, 1), pointAt(at + 60n * s, 8)];
    await commit(tag, points);
    const range = { fromNs: at, toNs: at + 3n * s };
    const query = { ...queryOf("last", range, 3), band: true, columns: [0] };
    const { samples, band } = await querySeries({ store, tail: emptyTail }, query);
    expect(samples.map(({ timeNs, atNs, values }) => [timeNs - at, atNs, values])).toEqual([
      [s, at + 5n, [9]],
      [2n * s, at + 5n, [9]],
      [3n * s, at + 5n, [9]],
    ]);
    expect(band?.map(({ count, min, max }) => [count, min, max])).toEqual([
      [2, [7], [9]],
      [0, null, null],
      [0, null, null],
    ]);
    const before = { ...query, startNs: at - s, endNs: at };
    const { samples: none } = await querySeries({ store, tail: emptyTail }, before);
    expect(none.map(({ atNs }) => atNs)).toEqual([null, null, null]);
  });
}, 30_000);

test("weighted means and plots", async () => {
  await withSeries(async ({ store, rollups, commit }) => {
    const span = { fromNs: nowHour - 3n * hour, toNs: nowHour - hour };
    const random = seededRandom(4);
    const points = drawSeries(random, span, 800);
    await commit(tag, points);
    await rollUpEnded(rollups, systemClock);
    const sources = { store, tail: emptyTail };
    const query = { ...queryOf("weighted", span, 12), weight: 1, band: true };
    const weighted = await querySeries(sources, query);
    expectBand(weighted, points);
    for (const { span: own, values } of weighted.samples) {
      const within = points.map(toNumbers).filter(({ ns, values: [, weight = 0] }) => {
        return own !== undefined && ns >= own.fromNs && ns < own.toNs && weight > 0;
      });
      const mean = meanOf(
        within.map((each) => each.values[0] ?? 0),
        within.map((each) => each.values[1] ?? 0),
      );
      expect(near(values?.[0] ?? Number.NaN, mean, 1000) || within.length === 0).toBe(true);
    }
    const { samples: plotted } = await querySeries(sources, queryOf("lttb", span, 100));
    expect(plotted).toHaveLength(100);
    const real = new Map(points.map((point) => [point.timeNs, valuesToNumbers(point)[0]]));
    for (const { timeNs, values } of plotted) {
      expect(real.get(timeNs)).toBe(values?.[0] ?? Number.NaN);
    }
  });
}, 30_000);

test("pages and plots of very many points: bounded, in order, refused where they must be", async () => {
  await withSeries(async (rig) => {
    const span = await fillHour(rig, 60_000);
    const pages = await Array.fromAsync(rig.store.pages("many", span));
    expect(Math.max(...pages.map((page) => page.length))).toBeLessThanOrEqual(10_000);
    expect(pages.flat().length).toBe(60_000);
    expect(
      pages.flat().every(({ timeNs }, i) => timeNs === span.fromNs + BigInt(i) * 60_000_000n),
    ).toBe(true);
    await rollUpEnded(rig.rollups, systemClock);
    const sources = { store: rig.store, tail: emptyTail };
    const query = { ...queryOf("lttb", span, 200), tag: "many" };
    const { samples: plotted } = await querySeries(sources, query);
    expect(plotted).toHaveLength(200);
    // The one peak of the hour, found through its bucket's rollup.
    expect(plotted.some(({ values }) => values?.[0] === 1e6)).toBe(true);
    const stopped = new AbortController();
    let read = 0;
    for await (const page of rig.store.pages("many", span, stopped.signal)) {
      read += page.length;
      stopped.abort();
    }
    expect(read).toBe(10_000);
  });
}, 30_000);

/** A point each 60 ms, zeros but for one peak; written by the server itself. */
async function fillHour({ database, commit }: SeriesRig, count: number): Promise<Span> {
  const fromNs = nowHour - 2n * hour;
  await commit("many", [pointAt(fromNs, 0)]);
  await database.sql`
    insert into measurements (time, tag, vals)
    select ${fromNs.toString()}::bigint + i * 60000000::bigint, id,
      case when i = 31417 then ${Buffer.from(pointAt(0n, 1e6).values)}::bytea
        else ${Buffer.from(pointAt(0n, 0).values)}::bytea end
    from series_tags, generate_series(1, ${count - 1}) i where tag = 'many'`;
  await database.sql`
    insert into series_dirty select id, ${(fromNs / 10_000_000_000n).toString()}::bigint + i
    from series_tags, generate_series(0, 359) i where tag = 'many' on conflict do nothing`;
  return { fromNs, toNs: fromNs + hour };
}

async function expectAggregates(
  store: SeriesRig["store"],
  stored: readonly SeriesPoint[],
  tail: readonly SeriesPoint[],
  random: Random,
): Promise<void> {
  const points = mergePoints(stored, tail);
  for (const agg of rolled) {
    for (const count of [1, 7, 90]) {
      const fromNs = nowHour - 7n * hour + drawBelow(random, 6n * hour);
      const query = queryOf(
        agg,
        { fromNs, toNs: fromNs + 1n + drawBelow(random, 5n * hour) },
        count,
      );
      const band = random.chance(0.5);
      const answer = await querySeries({ store, tail: tailWith(tag, tail) }, { ...query, band });
      const { samples } = answer;
      if (band) expectBand(answer, points);
      else expect(answer.band).toBeUndefined();
      expect(samples.length).toBeGreaterThan(0);
      expect(samples.at(-1)?.timeNs).toBe(query.endNs);
      for (const { span, count: counted, values } of samples) {
        if (span === undefined) throw new Error("An aggregate says what it was taken from");
        const wanted = referenceOf(points, span);
        expect(counted).toBe(wanted.count);
        expectValues(agg, wanted, values);
      }
    }
  }
}

function expectBand({ band }: SeriesAnswer, points: readonly SeriesPoint[]): void {
  expect(band?.length ?? 0).toBeGreaterThan(0);
  for (const { span, count, min, max } of band ?? []) {
    const wanted = referenceOf(points, span);
    const none = wanted.count === 0;
    expect({ count, min, max }).toEqual({
      count: wanted.count,
      min: none ? null : wanted.min,
      max: none ? null : wanted.max,
    });
  }
}

function expectValues(
  agg: Aggregate,
  wanted: Reference,
  values: readonly (number | null)[] | null,
): void {
  const { mean, count } = wanted;
  const expected = { ...wanted, moving: mean, count: [count], last: [], weighted: [], lttb: [] }[
    agg
  ];
  const numbers = expected.map((value) => (Number.isNaN(value) ? null : value));
  const scale = [...wanted.min, ...wanted.max, ...wanted.twa].map(Math.abs);
  expect(values?.length ?? 0).toBe(numbers.some((value) => value !== null) ? numbers.length : 0);
  for (const [i, value] of numbers.entries()) {
    const found = values?.[i] ?? null;
    if (value === null || found === null) expect(found).toBe(value);
    else if (agg === "min" || agg === "max" || agg === "count") expect(found).toBe(value);
    else expect(near(found, value, Math.max(1000, ...scale))).toBe(true);
  }
}

function queryOf(agg: Aggregate, { fromNs, toNs }: Span, points: number): SeriesQuery {
  const range = { startNs: fromNs, endNs: toNs };
  const windowNs = agg === "moving" ? 700n * s : 0n;
  return {
    tag,
    ...range,
    points,
    agg,
    fill: "null",
    columns: undefined,
    windowNs,
    weight: 0,
    band: false,
  };
}

function toNumbers(point: SeriesPoint) {
  return { ns: point.timeNs, values: valuesToNumbers(point) };
}

function shown(point: SeriesPoint | undefined) {
  return point === undefined ? undefined : [point.timeNs, ...valuesToNumbers(point)];
}
