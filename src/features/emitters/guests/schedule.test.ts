import { expect, test } from "bun:test";
import { seededRandom } from "../../../../test/support/random.ts";
import { createSchedule } from "./schedule.ts";

test("events come in the order of their time, each at start + (n − 1) / rate", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = seededRandom(seed);
    const schedule = createSchedule<string>();
    const made: { guest: string; n: number; dueMs: number }[] = [];
    const rates = new Map<string, number>();
    for (let i = 0; i < 30; i++) {
      rates.set(`g${i}`, 0.5 + random.int(100));
      schedule.add(`g${i}`, rates.get(`g${i}`) ?? 1, 1, 1000);
    }
    for (let now = 1000; now < 3000; now += random.int(50)) {
      schedule.take(now, 1 + random.int(100), Infinity, ({ guest, n, dueMs }) =>
        made.push({ guest, n, dueMs }),
      );
    }
    for (const { guest, n, dueMs } of made) {
      expect(dueMs).toBeCloseTo(1000 + ((n - 1) * 1000) / (rates.get(guest) ?? 1), 6);
    }
    expect(made.map((event) => event.dueMs)).toEqual(
      made.map((e) => e.dueMs).toSorted((a, b) => a - b),
    );
  }
});

test("removed guests make no more events; ones too far behind skip, without a gap in n", () => {
  const schedule = createSchedule<string>();
  const gone = schedule.add("gone", 10, 1, 0);
  schedule.add("late", 10, 5, 0);
  gone.removed = true;
  expect(schedule.earliestMs()).toBe(400);
  const made: number[] = [];
  // Due at 400; at 11,000 only the last second is made up for.
  const skipped = schedule.take(11_000, 1000, 1000, ({ n }) => made.push(n));
  expect(skipped).toBe(96);
  expect(made).toEqual(Array.from({ length: 11 }, (_, i) => 5 + i));
  expect(schedule.earliestMs()).toBe(11_100);
});
