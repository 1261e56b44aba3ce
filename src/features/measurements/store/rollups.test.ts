// Rollups while measurements are written, by several owners, and dropped.

import { beforeAll, expect, test } from "bun:test";
import { testPostgres } from "../../../../test/support/postgres.ts";
import { seededRandom } from "../../../../test/support/random.ts";
import { pointAt } from "../../../../test/support/series-reference.ts";
import { type SeriesRig, withSeries } from "../../../../test/support/series-rig.ts";
import { systemClock } from "../../../core/clock.ts";
import { measurementsTopic, valuesToNumbers } from "../measurement.ts";
import { rollUp, rollUpEnded } from "../roller.ts";
import { levelNs, levels, type Rollup, type SeriesPoint } from "../series-port.ts";

const s = 1_000_000_000n;
const hour = 3600n * s;
const nowHour = (systemClock.nowNs() / hour) * hour;

beforeAll(async () => {
  await testPostgres();
}, 60_000);

test("no change is lost between a commit and rollers that run at the same time", async () => {
  await withSeries(async (rig) => {
    const random = seededRandom(21);
    const span = { fromNs: nowHour - 2n * hour, toNs: nowHour - 2n * hour + 600n * s };
    const all = new Map<bigint, SeriesPoint>();
    const endsMs = Date.now() + 3000;
    const isOver = () => Date.now() > endsMs && all.size > 300;
    const roll = async () => {
      while (!isOver()) await rollUpEnded(rig.rollups, systemClock);
    };
    const write = async () => {
      while (!isOver()) {
        // The same few buckets over and over: each commit meets notes that stand, that were just
        // taken, or that are being taken.
        const points = Array.from({ length: 5 }, () =>
          pointAt(span.fromNs + BigInt(random.int(600)) * s, random.int(1000)),
        );
        const batch = [...new Map(points.map((point) => [point.timeNs, point])).values()];
        await rig.commit("a", batch);
        for (const point of batch) all.set(point.timeNs, point);
      }
    };
    await Promise.all([roll(), roll(), write()]);
    await rollUpEnded(rig.rollups, systemClock);
    expect(await rig.rollups.waiting()).toBe(0);
    const points = [...all.values()].toSorted((a, b) => (a.timeNs < b.timeNs ? -1 : 1));
    for (const level of levels) {
      const found = await rolledUp(rig, "a", level, span);
      const wanted = [];
      for (let at = span.fromNs; at < span.toNs; at += levelNs(level)) {
        const bucket = { fromNs: at, toNs: at + levelNs(level) };
        const own = points.filter(({ timeNs }) => timeNs >= at && timeNs < bucket.toNs);
        const rollup = rollUp.points(own, bucket);
        const max = rollup?.columns.max[0];
        if (rollup !== undefined) wanted.push({ ...bucket, count: own.length, max });
      }
      expect(found).toEqual(wanted);
    }
  });
}, 30_000);

test("a commit that is under way is waited for: its note may be one that stands already", async () => {
  await withSeries(async (rig) => {
    const { sql } = rig.database;
    const span = { fromNs: nowHour - hour, toNs: nowHour - hour + 10n * s };
    await rig.commit("a", [pointAt(span.fromNs, 1)]);
    // As the projection commits, stopped in the middle.
    const { promise: written, resolve: write } = Promise.withResolvers<void>();
    const { promise: finished, resolve: finish } = Promise.withResolvers<void>();
    const commit = sql.begin(async (tx) => {
      await tx`update projections set sequence = sequence + 1 where name = ${measurementsTopic}`;
      await tx`insert into series_dirty select tag, bucket from series_dirty on conflict do nothing`;
      await tx`insert into measurements select ${(span.fromNs + s).toString()}::bigint, tag, vals from measurements`;
      write();
      await finished;
    });
    await written;
    const rolling = rollUpEnded(rig.rollups, systemClock);
    await Promise.race([rolling, new Promise((resolve) => setTimeout(resolve, 300))]);
    finish();
    await Promise.all([commit, rolling]);
    await rollUpEnded(rig.rollups, systemClock);
    expect(await rolledUp(rig, "a", 1, span)).toEqual([{ ...span, count: 2, max: 1 }]);
  });
}, 30_000);

test("values of several widths, and what a bucket holds alone, come back as they were", async () => {
  await withSeries(async (rig) => {
    const fromNs = nowHour - hour;
    const points = [
      pointAt(fromNs + 1n, 1, 2, 3),
      pointAt(fromNs + 5n * s, -4),
      pointAt(fromNs + 7n * s, 5, 6),
    ];
    await rig.commit("a", [...points, pointAt(fromNs + 11n * s, 0.1, -0.2)]);
    await rollUpEnded(rig.rollups, systemClock);
    const rollups = await rig.store.snapshot("a", async (snapshot) =>
      (
        await Array.fromAsync(snapshot.rollups(1, [{ fromNs, toNs: fromNs + 20n * s }], "all"))
      ).flat(),
    );
    const bucket = { fromNs, toNs: fromNs + 10n * s };
    const alone = { fromNs: bucket.toNs, toNs: bucket.toNs + 10n * s };
    expect(plain(rollups)).toEqual(
      plain([
        rollUp.points(points, bucket),
        rollUp.points([pointAt(fromNs + 11n * s, 0.1, -0.2)], alone),
      ]),
    );
  });
}, 30_000);

test("a bucket that goes on changing is left until it has ended", async () => {
  await withSeries(async (rig) => {
    const nowNs = systemClock.nowNs();
    await rig.commit("a", [pointAt(nowNs, 1)]);
    await rollUpEnded(rig.rollups, systemClock);
    expect(await rig.rollups.waiting()).toBe(1);
    const span = { fromNs: nowNs - 600n * s, toNs: nowNs + 600n * s };
    expect(await rolledUp(rig, "a", 1, span)).toEqual([]);
    const unrolled = await rig.store.snapshot("a", (snapshot) => snapshot.unrolled(span));
    expect(unrolled?.[1]).toEqual([nowNs - (nowNs % (10n * s))]);
  });
}, 30_000);

test("retention drops whole days", async () => {
  await withSeries(async (rig) => {
    const day = 24n * hour;
    await rig.commit("a", [pointAt(nowHour - 3n * day, 1), pointAt(nowHour - hour, 2)]);
    await rollUpEnded(rig.rollups, systemClock);
    const span = { fromNs: nowHour - 5n * day, toNs: nowHour };
    expect(await rolledUp(rig, "a", 3, span)).toHaveLength(2);
    await rig.rollups.dropBefore(nowHour - 4n * day);
    expect(await rolledUp(rig, "a", 3, span)).toHaveLength(2);
    await rig.rollups.dropBefore(nowHour - day - hour);
    expect(await rolledUp(rig, "a", 3, span)).toHaveLength(1);
  });
}, 30_000);

async function rolledUp(
  { store }: SeriesRig,
  tag: string,
  level: 1 | 2 | 3,
  span: { fromNs: bigint; toNs: bigint },
) {
  const rollups = await store.snapshot(tag, async (snapshot) =>
    (await Array.fromAsync(snapshot.rollups(level, [span], "all"))).flat(),
  );
  return (rollups ?? []).map(({ startNs, endNs, count, columns }) => ({
    fromNs: startNs,
    toNs: endNs,
    count,
    max: columns.max[0],
  }));
}

/** Views, buffers and arrays alike. */
function plain(rollups: readonly (Rollup | undefined)[] | undefined) {
  return rollups?.map((rollup) => {
    if (rollup === undefined) return undefined;
    const { startNs, endNs, count, first, last, columns } = rollup;
    const points = [first, last].map((point) => [point.timeNs, ...valuesToNumbers(point)]);
    const statistics = Object.fromEntries(
      Object.entries(columns).map(([name, each]) => [name, Array.from(each)]),
    );
    return { startNs, endNs, count, points, statistics };
  });
}
