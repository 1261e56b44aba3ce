import { expect, test } from "bun:test";
import { SimClock } from "../../../test/simulation/clock.ts";
import { type Pace, paced } from "./pace.ts";
import type { TableItem } from "./table.ts";

function item(row: number, timeMs: number | undefined, length = 2): TableItem {
  return { record: { row, json: "x".repeat(length), timeMs }, bad: [] };
}

/** When each batch was given, and its rows, until no timer is left. */
function run(
  items: readonly TableItem[],
  pace: Pace,
  options: { stopMs?: number; takeMs?: number } = {},
) {
  const clock = new SimClock();
  const startMs = clock.nowMs();
  const stop = new AbortController();
  const given: [atMs: number, rows: number[]][] = [];
  let seen = 0;
  async function* all() {
    yield* items;
  }
  void (async () => {
    const settings = { pace, clock, startMs, firstMs: 1000, signal: stop.signal };
    for await (const batch of paced(all(), settings, () => seen++)) {
      given.push([clock.nowMs() - startMs, batch.map(({ row }) => row)]);
      const { takeMs } = options;
      if (takeMs !== undefined) await new Promise<void>((done) => clock.after(takeMs, done));
    }
  })();
  if (options.stopMs !== undefined) clock.after(options.stopMs, () => stop.abort());
  for (let i = 0; i < 100; i++) clock.advance(100);
  return { given, seen };
}

test("rows go at their times, those of one moment together, a row without a time with the last", () => {
  const items = [item(1, 1000), item(2, 1000), item(3, 1400), item(4, undefined), item(5, 2000)];
  expect(run(items, { speed: 1 }).given).toEqual([
    [0, [1, 2]],
    [400, [3, 4]],
    [1000, [5]],
  ]);
  expect(run(items, { speed: 10 }).given.map(([atMs]) => atMs)).toEqual([0, 40, 100]);
});

test("a row that is earlier than the one before it goes at once", () => {
  expect(run([item(1, 1500), item(2, 1200), item(3, 1600)], { speed: 1 }).given).toEqual([
    [500, [1, 2]],
    [600, [3]],
  ]);
});

test("at a rate times do not matter", () => {
  const items = [item(1, undefined), item(2, 99), item(3, 5)];
  expect(run(items, { rate: 10 }).given).toEqual([
    [0, [1]],
    [100, [2]],
    [200, [3]],
  ]);
});

test("what comes due while a batch is on its way goes together, within bounds", () => {
  const items = Array.from({ length: 2000 }, (_, i) => item(i, 1000 + i));
  const sizes = run(items, { speed: 1 }, { takeMs: 300 }).given.map(([, rows]) => rows.length);
  expect(sizes[1]).toBeGreaterThan(290);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(500);
  expect(sizes.reduce((a, b) => a + b)).toBe(2000);
  const large = Array.from({ length: 6 }, (_, i) => item(i, 1000, 700_000));
  expect(run(large, { speed: 1 }).given.map(([, rows]) => rows.length)).toEqual([2, 2, 2]);
});

test("once stopped nothing more is read or given", () => {
  const items = Array.from({ length: 100 }, (_, i) => item(i, 1000 + i * 100));
  const { given, seen } = run(items, { speed: 1 }, { stopMs: 1050 });
  expect(given).toHaveLength(11);
  expect(seen).toBe(12);
});
