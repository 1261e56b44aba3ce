import { describe, expect, test } from "bun:test";
import { Schedule } from "./measurements-profile.ts";

const second = 1e9;

/** How many are due within each second. */
function perSecond(schedule: Schedule): number[] {
  const counts: number[] = [];
  for (let n = 0; n < schedule.total; n++) {
    const at = Math.floor((schedule.dueNs(n) ?? 0) / second);
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return counts;
}

const times = (count: number, value: number) => Array.from({ length: count }, () => value);

describe("Schedule", () => {
  test("steady: evenly, without an end or to its end", () => {
    const endless = new Schedule("steady", 4, 0);
    expect([0, 1, 2, 4_000_000].map((n) => endless.dueNs(n))).toEqual([0, 25e7, 5e8, 1e15]);
    expect(endless.total).toBe(Infinity);
    const short = new Schedule("steady", 4, 2.5);
    expect(perSecond(short)).toEqual([4, 4, 2]);
    expect(short.dueNs(10)).toBeUndefined();
  });

  test("second-peak: twenty times the rate for one second, after ten", () => {
    expect(perSecond(new Schedule("second-peak", 10, 0))).toEqual([
      ...times(10, 10),
      200,
      ...times(10, 10),
    ]);
  });

  test("minute-peak: five times the rate for a minute; and cut short", () => {
    expect(perSecond(new Schedule("minute-peak", 10, 0))).toEqual([
      ...times(10, 10),
      ...times(60, 50),
      ...times(10, 10),
    ]);
    expect(perSecond(new Schedule("minute-peak", 10, 12))).toEqual([...times(10, 10), 50, 50]);
  });

  test("no two are due in one nanosecond, at the highest rate and across a peak", () => {
    const schedule = new Schedule("second-peak", 1_000_000, 11);
    let last = -1;
    for (let n = 9_990_000; n < 10_010_000; n++) {
      const dueNs = schedule.dueNs(n) ?? -1;
      expect(dueNs).toBeGreaterThan(last);
      last = dueNs;
    }
  });
});
